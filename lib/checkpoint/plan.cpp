#include "lib/checkpoint/plan.hpp"

#include "lib/instance.hpp"
#include "lib/spool/crc32c.hpp"
#include "lib/spool/segment.hpp"
#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

namespace meshprobe {

namespace {

constexpr unsigned most_segments = 1000; // three digits in their names

struct Change {
    std::vector<Timestamp> sent;
    Timestamp complete_until = 0;
    Timestamp updated = 0;
};

tl::unexpected<Error> wrong(std::string what) {
    return fail(ErrorKind::internal, "commit: " + std::move(what));
}

Result<std::vector<LoggedSegment>> name_segments(const Commit& commit, std::uint64_t instance_hash,
                                                 std::int64_t usec) {
    std::vector<LoggedSegment> segments;
    std::map<std::string_view, unsigned> count;
    for (const auto& [archive, segment] : commit.segments) {
        if (!is_valid_name(archive)) return wrong(fmt::format("'{}' is no archive's name", archive));
        if (segment.size() > max_segment_size) {
            return wrong(
                fmt::format("a segment of {} bytes, more than {}", segment.size(), max_segment_size));
        }
        const unsigned n = count[archive]++;
        if (n == most_segments)
            return wrong(fmt::format("more than {} segments for {}", most_segments, archive));
        segments.push_back(
            {archive, SegmentName{usec, instance_hash, n}.text(), crc32c(segment), segment.size()});
    }
    return segments;
}

bool is_time(Timestamp ts) {
    return ts >= 0 && ts <= latest_timestamp;
}

Status check(const SeriesChange& change) {
    const auto& sent = change.sent;
    const bool ascending = std::ranges::adjacent_find(sent, std::greater_equal<>{}) == sent.end();
    const bool in_range = sent.empty() || (is_time(sent.front()) && is_time(sent.back()));
    if (!ascending || !in_range)
        return wrong("timestamps of " + change.series + " do not ascend from 0 to the year 9999");
    for (const Timestamp mark : {change.complete_until, change.updated}) {
        if (!is_time(mark)) {
            return wrong(fmt::format("{} is marked with {}, which is no time", change.series, mark));
        }
    }
    return {};
}

/// By index; series the state does not know get the next ones, in record.new_series.
Result<std::map<SeriesTable::Index, Change>> collect_changes(const Commit& commit,
                                                             const CheckpointState& state, Record& record) {
    std::map<SeriesTable::Index, Change> changes;
    std::map<std::string_view, SeriesTable::Index> defined;
    for (const SeriesChange& change : commit.series) {
        if (auto good = check(change); !good) return fail(good.error());
        auto index = state.series.index_of(change.series);
        auto before = index ? state.series.marks(*index) : SeriesMarks{};
        if (change.begins_anew && change.complete_until < before.complete_until) before = {};
        const bool advances = change.complete_until > before.complete_until;
        const bool updates = change.updated != 0 && change.updated != before.updated;
        if (change.sent.empty() && !advances && !updates) continue;
        if (!index) {
            const auto next = static_cast<SeriesTable::Index>(state.series.size() + defined.size());
            const auto [entry, is_new] = defined.emplace(change.series, next);
            if (is_new) record.new_series.push_back(change.series);
            index = entry->second;
        }
        Change& collected = changes[*index];
        collected.sent.insert(collected.sent.end(), change.sent.begin(), change.sent.end());
        if (advances) collected.complete_until = std::max(collected.complete_until, change.complete_until);
        if (updates) collected.updated = change.updated;
    }
    return changes;
}

/// Something near the numbers of the record, so that they are small.
Timestamp choose_base(const std::map<SeriesTable::Index, Change>& changes) {
    for (const auto& [index, change] : changes) {
        if (!change.sent.empty()) return change.sent.back();
    }
    if (changes.empty()) return 0;
    const auto& first = changes.begin()->second;
    return first.complete_until != 0 ? first.complete_until : first.updated;
}

bool is_range(Timestamp since, Timestamp until) {
    return is_time(since) && is_time(until) && since <= until;
}

Status plan_gaps(const Commit& commit, GapLedger ledger, Record& record) {
    for (const Healing& healing : commit.healed) {
        if (!is_range(healing.since, healing.until))
            return wrong(fmt::format("healed from {} until {}", healing.since, healing.until));
        if (heal_gaps(ledger, healing)) record.healed.push_back(healing);
    }
    for (const Gap& gap : commit.gaps) {
        if (!is_range(gap.since, gap.until))
            return wrong(fmt::format("a gap from {} until {}", gap.since, gap.until));
        if (add_gap(ledger, gap)) record.gaps.push_back(gap);
    }
    return {};
}

} // namespace

Result<Record> plan_record(const Commit& commit, const CheckpointState& state, std::string_view run,
                           std::uint64_t instance_hash, std::int64_t usec) {
    Record record;
    auto segments = name_segments(commit, instance_hash, usec);
    if (!segments) return fail(segments.error());
    record.segments = std::move(*segments);
    record.last_usec = record.segments.empty() ? state.last_usec : usec;
    if (!record.segments.empty()) record.run = run;

    auto changes = collect_changes(commit, state, record);
    if (!changes) return fail(changes.error());
    record.base = choose_base(*changes);
    for (auto& [index, change] : *changes) {
        // One series may have been given in several pieces.
        std::ranges::sort(change.sent);
        change.sent.erase(std::unique(change.sent.begin(), change.sent.end()), change.sent.end());
        LoggedChange& logged = record.changes.emplace_back();
        logged.index = index;
        logged.complete_until = change.complete_until;
        logged.updated = change.updated;
        pack_timestamps(logged.packed, record.base, change.sent);
    }

    if (!commit.gaps.empty() || !commit.healed.empty()) {
        if (auto planned = plan_gaps(commit, state.gaps, record); !planned) return fail(planned.error());
    }
    if (commit.progress && *commit.progress != state.progress) {
        const Progress& progress = *commit.progress;
        if (!is_time(progress.since) || !is_time(progress.polled_until) || !is_time(progress.reread_at)) {
            return wrong("progress of the host is marked with what is no time");
        }
        record.progress = progress;
    }
    return record;
}

} // namespace meshprobe
