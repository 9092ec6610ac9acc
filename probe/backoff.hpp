// When a host that keeps failing may be tried again. Pure.
#pragma once

#include "lib/units_of_measure.hpp"

#include <cstdint>

namespace meshprobe {

inline constexpr std::uint32_t patience = 3; ///< bad runs in a row before the first pause
inline constexpr Microseconds longest_pause = std::chrono::hours(1);

/// From the start of the last run until the next may begin: zero up to the third bad run, then one interval,
/// two, four … and at most an hour (or the interval, if that is longer).
[[nodiscard]] Microseconds pause_after(std::uint32_t bad_runs, Microseconds interval);

/// The same as a UNIX time, never before what the host itself asked for; 0: at once. A little is taken off,
/// so that the timer that fires exactly then is not turned away.
[[nodiscard]] std::int64_t not_before(std::int64_t started_usec, std::uint32_t bad_runs,
                                      Microseconds interval, std::int64_t asked_for_usec);

} // namespace meshprobe
