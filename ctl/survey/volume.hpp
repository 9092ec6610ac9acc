// How much a measurement archive brings a day: an estimate from a few of its series, read for a while.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe::survey {

inline constexpr std::int64_t hour = 3600;
inline constexpr std::int64_t day = 86400;

struct Volume {
    std::optional<std::uint64_t> per_day; ///< nullopt: nothing can be said
    std::uint64_t bytes_per_day = 0;      ///< of values, as they are sent; 0: not known
    bool of_runs = false;                 ///< not points: each run brings one for each event type
    std::string basis;                    ///< how that is known
};

/// Of one event type: some of its series, and what they brought in the last `window` seconds.
struct TypeSample {
    std::string event_type;
    std::uint64_t series = 0;  ///< that were updated lately
    std::uint64_t sampled = 0; ///< of which so many were read
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;
    std::int64_t window = 0;
};

/// Those that were read stand for the others of their type; of types of which none could be read, nothing is
/// assumed.
[[nodiscard]] Volume estimate(const std::vector<TypeSample>& samples);

/// Results that were counted one by one.
[[nodiscard]] Volume counted_volume(std::uint64_t results, std::uint64_t bytes, std::int64_t window,
                                    bool of_runs);

} // namespace meshprobe::survey
