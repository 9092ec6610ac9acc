#include "probe/run_collector.hpp"

#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshprobe {

namespace {

/// Each knows what was sent of it lately, which is kilobytes; after a commit the checkpoint knows it.
constexpr std::size_t most_series = 500;
constexpr Timestamp far_future = 12 * 3600;
/// Every run has one, so its series notes that a run was looked at.
constexpr std::string_view run_mark = "pscheduler-run-href";

Status nothing_to_do() {
    return {};
}

} // namespace

RunCollector::RunCollector(PollBook& book, Timestamp now, Flavour flavour, Settings settings)
    : book_(book), settings_(std::move(settings)),
      context_{.checkpoint = book.checkpoint,
               .history = book.history,
               .batch = book.batch,
               .outlets = book.outlets,
               .limits = book.limits,
               .tally = book.summary.tally,
               .now = now,
               .flavour = flavour,
               .commit_if_due = nothing_to_do, // settle() commits, where nothing is half taken
               .go_on = [this] { return !settings_.stop(); }},
      window_{0, now + far_future} {}

bool RunCollector::is_wanted(std::string_view event_type) const {
    return settings_.event_types.empty() ||
           std::ranges::find(settings_.event_types, event_type) != settings_.event_types.end();
}

SeriesRun& RunCollector::series(const SeriesSubject& subject, const std::string& event_type) {
    std::string id = subject.key + " " + event_type;
    const auto known = series_.find(id);
    if (known != series_.end()) return known->second;
    const MetadataEntry entry{
        subject, {EventType{.name = event_type, .base_uri = {}, .time_updated = 0}}, context_.flavour};
    book_.limits.note(entry);
    book_.subjects.note(entry, context_.flavour);
    SeriesJob job{.entry = std::make_shared<const MetadataEntry>(entry),
                  .event_type = event_type,
                  .base_uri = {},
                  .time_updated = {},
                  .plan = {}};
    job.plan.recent = window_;
    ++context_.tally.series_read;
    return series_.try_emplace(std::move(id), std::move(job), context_).first->second;
}

void RunCollector::take(const RunRecord& record) {
    bool is_noted = false; // by the series of one of its values
    bool has_failed = false;
    for (const auto& [event_type, json] : record.values) {
        if (!is_wanted(event_type)) continue;
        if (settings_.takes && !settings_.takes(record.subject.key + " " + event_type, record.ts)) continue;
        SeriesRun& run = series(record.subject, event_type);
        if (run.whole().verdict == LimitDecision::Verdict::drop) continue;
        if (run.whole().verdict == LimitDecision::Verdict::fail) {
            note_failure(run.job().id(), book_.limits.failure(run.whole(), 0));
            has_failed = true;
            continue;
        }
        const std::array points{Point{record.ts, {json, false}}};
        const auto taken = run.take(points, window_);
        if (!taken) note_failure(run.job().id(), taken.error());
        has_failed = has_failed || !taken;
        is_noted = true;
    }
    const bool is_new_fault = tell_problems(record);
    // A back-fill looks for some of it only; what others look for must not count as seen.
    const bool is_settled = !has_failed && !settings_.takes;
    const bool is_asked_for_singly = context_.flavour == Flavour::pscheduler && !is_noted;
    if (is_settled && (is_asked_for_singly || is_new_fault)) note_empty(record.subject, record.ts);
}

/// Whether there are any; those of a run that was seen before were told then.
bool RunCollector::tell_problems(const RunRecord& record) {
    std::uint64_t found = 0;
    for (const auto& [event_type, text] : record.problems) {
        if (!is_wanted(event_type)) continue;
        if (found++ == 0 && is_seen(record.subject, run_mark, record.ts)) return false;
        auto& tally = context_.tally;
        if (tally.skipped_entries++ == 0) {
            tally.first_skipped =
                fmt::format("{} {} of {}: {}", record.subject.key, event_type, format_utc(record.ts), text);
        }
    }
    return found > 0;
}

bool RunCollector::is_seen(const SeriesSubject& subject, std::string_view event_type, Timestamp ts) const {
    const auto state = context_.history.find(subject, event_type, context_.flavour);
    return state && state->seen(ts);
}

/// Of each series once.
void RunCollector::note_failure(const std::string& id, const Error& error) {
    if (std::ranges::find(failed_, id) != failed_.end()) return;
    failed_.push_back(id);
    auto& tally = context_.tally;
    ++tally.series_failed;
    if (tally.first_failure.empty()) tally.first_failure = fmt::format("{}: {}", id, error.message);
}

bool RunCollector::can_spare(const SeriesSubject& subject, std::span<const std::string_view> event_types,
                             Timestamp ts) const {
    const auto is_needless = [&](std::string_view type) {
        return is_wanted(type) && is_seen(subject, type, ts);
    };
    return std::ranges::none_of(event_types, [this](std::string_view type) { return is_wanted(type); }) ||
           (!settings_.takes && is_seen(subject, run_mark, ts)) ||
           std::ranges::any_of(event_types, is_needless);
}

void RunCollector::note_empty(const SeriesSubject& subject, Timestamp ts) {
    empty_[fmt::format("{} {}", subject.key, run_mark)].push_back(ts);
}

Status RunCollector::settle(const std::optional<Progress>& progress) {
    for (auto& [id, times] : empty_) {
        std::ranges::sort(times);
        times.erase(std::unique(times.begin(), times.end()), times.end());
        const auto marks = book_.checkpoint.series().marks(id);
        const Timestamp complete = std::max(times.back(), marks ? marks->complete_until : 0);
        book_.batch.add_change({.series = id, .sent = std::move(times), .complete_until = complete});
    }
    empty_.clear();
    for (auto& [id, run] : series_) {
        if (const auto fetched = run.fetched(); !fetched) note_failure(id, fetched.error());
        run.covered(window_.until);
        book_.batch.add_change(run.change());
    }
    if (progress) book_.batch.set_progress(*progress);
    const bool is_due = book_.batch.is_due() || series_.size() >= most_series;
    return is_due ? commit() : Status{};
}

Status RunCollector::commit() {
    auto committed = book_.batch.commit();
    series_.clear();
    return committed;
}

} // namespace meshprobe
