#include "probe/backfill/ledger_changes.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

bool failed_as_a_whole(const SliceResult& result) {
    return std::ranges::any_of(result.failed,
                               [](const BackfillRange& range) { return range.series.empty(); });
}

/// All of it was asked for, and came but for what becomes a gap of its own.
bool was_read(const Gap& gap, const BackfillJob& job, const SliceResult& result) {
    if (failed_as_a_whole(result)) return false;
    return gap.series.empty() ? job.event_types.empty() : contains(result.read, gap.series);
}

/// Results that are known as sent were passed over, unless the job was told that they were lost.
bool was_delivered(const Gap& gap, const BackfillJob& job, const BackfillRange& range) {
    return !was_lost(gap) || job.again || range.lost;
}

std::vector<Healing> healings(const BackfillJob& job, const BackfillSlice& slice, const SliceResult& result,
                              const GapLedger& recorded) {
    std::vector<Healing> healed;
    for (const auto& range : slice.ranges) {
        for (const auto& gap : recorded) {
            const Timestamp since = std::max(gap.since, range.since);
            const Timestamp until = std::min({gap.until, range.until, result.left_from});
            const bool is_asked = range.series.empty() || range.series == gap.series;
            if (since >= until || !is_asked || !contains(job.archives, gap.archive)) continue;
            if (!was_read(gap, job, result) || !was_delivered(gap, job, range)) continue;
            // Healing the whole host heals all of its series: not those that were passed over.
            const bool hides_lost =
                gap.series.empty() && std::ranges::any_of(recorded, [&](const Gap& other) {
                    return other.archive == gap.archive && other.since < until && since < other.until &&
                           !job.gaps && !was_delivered(other, job, range);
                });
            if (!hides_lost) {
                healed.push_back(
                    {.series = gap.series, .archive = gap.archive, .since = since, .until = until});
            }
        }
    }
    return healed;
}

} // namespace

LedgerNote ledger_changes(const BackfillJob& job, const BackfillSlice& slice, const SliceResult& result,
                          const GapLedger& recorded, const GapLedger& lost_now) {
    LedgerNote note{.healed = healings(job, slice, result, recorded), .gaps = {}};
    for (const auto& failed : result.failed) {
        if (failed.series.empty() && job.gaps) continue; // they are recorded already
        for (const auto& archive : job.archives) {
            add_gap(note.gaps, {.series = failed.series,
                                .since = failed.since,
                                .until = failed.until,
                                .reason = "the archive fails to give it",
                                .archive = archive});
        }
    }
    for (const auto& gap : lost_now) {
        if (gap.since < slice.until && slice.since < gap.until) add_gap(note.gaps, gap);
    }
    return note;
}

} // namespace meshprobe
