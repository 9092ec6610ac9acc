#include "lib/backfill/slices.hpp"

#include <algorithm>
#include <limits>

namespace meshprobe {

void SliceLength::note(std::chrono::steady_clock::duration took, std::uint64_t points) {
    using std::chrono::seconds;
    // What was spooled of a slice is remembered until the next one is through: a million points are
    // megabytes.
    if (took > std::chrono::minutes(2) || points > 1'000'000) {
        seconds_ = std::max(shortest, seconds_ / 2);
    } else if (took < seconds(20) && points < 200'000) {
        seconds_ = std::min(longest, seconds_ * 2);
    }
}

void SliceLength::note_failure() {
    seconds_ = std::max(shortest, seconds_ / 2);
}

std::optional<BackfillSlice> next_slice(const std::vector<BackfillRange>& ranges, Timestamp reached,
                                        Timestamp length) {
    Timestamp since = std::numeric_limits<Timestamp>::max();
    for (const auto& range : ranges) {
        if (range.until > reached) since = std::min(since, std::max(range.since, reached));
    }
    if (since == std::numeric_limits<Timestamp>::max()) return std::nullopt;
    return part_of(ranges, since, since + length);
}

BackfillSlice part_of(const std::vector<BackfillRange>& ranges, Timestamp since, Timestamp until) {
    BackfillSlice slice{.since = since, .until = since, .ranges = {}};
    for (const auto& range : ranges) {
        BackfillRange part = range;
        part.since = std::max(range.since, since);
        part.until = std::min(range.until, until);
        if (part.since >= part.until) continue;
        slice.until = std::max(slice.until, part.until);
        slice.ranges.push_back(std::move(part));
    }
    return slice;
}

} // namespace meshprobe
