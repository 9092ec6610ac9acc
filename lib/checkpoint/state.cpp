#include "lib/checkpoint/state.hpp"

#include <algorithm>

namespace meshprobe {

bool CheckpointState::add_gap(const Gap& gap) {
    const auto same_kind = [&](const Gap& other) {
        return other.series == gap.series && other.reason == gap.reason;
    };
    const auto covers = [&](const Gap& other) {
        return same_kind(other) && other.since <= gap.since && other.until >= gap.until;
    };
    if (std::ranges::any_of(gaps, covers)) return false;
    Gap merged = gap;
    std::erase_if(gaps, [&](const Gap& other) {
        if (!same_kind(other) || other.since > merged.until || other.until < merged.since) return false;
        merged.since = std::min(merged.since, other.since);
        merged.until = std::max(merged.until, other.until);
        return true;
    });
    gaps.insert(std::ranges::lower_bound(gaps, merged), merged);
    return true;
}

} // namespace meshprobe
