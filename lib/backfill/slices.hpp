// A back-fill in slices of time, oldest first: which one is next, and how long the one after it is to be.
#pragma once

#include "lib/backfill/job.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace meshprobe {

/// A stretch of time with something to fetch in it; `since` included and `until` not.
struct BackfillSlice {
    Timestamp since = 0;
    Timestamp until = 0;
    std::vector<BackfillRange> ranges; ///< cut to the slice
};

/// Short for archives that take long or fail, long where there is little.
class SliceLength {
  public:
    static constexpr Timestamp shortest = 15 * 60;
    static constexpr Timestamp longest = 86400;

    [[nodiscard]] Timestamp seconds() const { return seconds_; }
    void note(std::chrono::steady_clock::duration took, std::uint64_t points);
    void note_failure();

  private:
    Timestamp seconds_ = 6 * 3600;
};

/// The first one at or after `reached`; nullopt: nothing is left. Time between ranges is in no slice.
[[nodiscard]] std::optional<BackfillSlice> next_slice(const std::vector<BackfillRange>& ranges,
                                                      Timestamp reached, Timestamp length);

/// What of the ranges lies between two times.
[[nodiscard]] BackfillSlice part_of(const std::vector<BackfillRange>& ranges, Timestamp since,
                                    Timestamp until);

} // namespace meshprobe
