#include "probe/poll_book.hpp"

#include "lib/clock.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr Timestamp hour = 3600;
constexpr Timestamp day = 86400;

std::vector<SegmentHeader> headers_for(const PollSettings& settings) {
    std::vector<SegmentHeader> headers;
    for (const auto& destination : settings.destinations) {
        headers.push_back({.instance = settings.instance.name(),
                           .host = settings.instance.host,
                           .task = settings.instance.task,
                           .archive = destination.archive,
                           .run = {},
                           .format = destination.label()});
    }
    return headers;
}

Timestamp newest_of(const SeriesTable& series) {
    Timestamp newest = 0;
    for (SeriesTable::Index i = 0; i < series.size(); ++i)
        newest = std::max(newest, series.marks(i).newest);
    return newest;
}

} // namespace

std::vector<Timestamp> CommittedDeliveries::of(const std::string& series) const {
    auto state = checkpoint_.find(series);
    return state ? std::move(state->recent) : std::vector<Timestamp>{};
}

PollBook::PollBook(const PollSettings& settings_of, Checkpoint& checkpoint_of, LimitSet& limits_of,
                   RunSummary& summary_of)
    : settings(settings_of), checkpoint(checkpoint_of), limits(limits_of), summary(summary_of),
      rules(WindowRules::of(settings_of.task)), before(checkpoint_of.progress()),
      outlets(outlets_for(settings_of.destinations)), batch(checkpoint_of, headers_for(settings_of)),
      subjects(settings_of.paths, settings_of.state_of), history(checkpoint_of),
      deliveries(checkpoint_of, batch) {
    limits.use(deliveries);
}

HttpSession::Settings PollBook::http_settings(HostKeys& keys) const {
    const auto& task = settings.task;
    const bool is_vrf = task.context.type == ContextType::linuxvrf;
    return {.connection = task.connection,
            .credential_user = "probe",
            .user_agent = "meshprobe/" MESHPROBE_VERSION,
            .max_in_flight = std::max(1U, task.max_requests),
            .inactivity = task.inactivity,
            .interface = is_vrf ? task.context.interface : std::string{},
            .decide_key = keys.decision()};
}

Timestamp PollBook::clock() const {
    return (now_usec() + settings.skew_usec) / 1'000'000;
}

void PollBook::meet_recorded_gap(PollPlan& plan) const {
    if (!plan.gap) return;
    for (const Gap& gap : checkpoint.gaps()) {
        const bool is_it = gap.series.empty() && gap.reason == plan.gap->reason &&
                           gap.since <= plan.gap->since && gap.until > plan.gap->since;
        if (is_it) plan.gap->until = plan.horizon = std::min(gap.until, plan.gap->until);
    }
}

void PollBook::record_gap(const Gap& gap) {
    batch.add_gap(gap);
    summary.tally.gaps.push_back(gap);
}

Progress PollBook::next(const PollPlan& plan, const PollOutcome& outcome, const ReadFrom& source) const {
    Progress next = advance(before, plan, outcome, rules);
    next.archive_url = source.url;
    next.flavour = std::string(to_string(source.flavour));
    return next;
}

void PollBook::give_up_on(const std::vector<std::string>& series, Timestamp until) {
    for (const auto& id : series) {
        const auto marks = checkpoint.series().marks(id);
        const Timestamp since = marks ? marks->complete_until : before.polled_until;
        if (since >= until) continue;
        const Gap gap{.series = id, .since = since, .until = until, .reason = "the archive fails to give it"};
        record_gap(gap);
    }
}

Status PollBook::close(const Progress& next) {
    if (auto committed = batch.commit(); !committed) return committed;
    if (auto written = subjects.write(checkpoint.series()); !written) return written;

    // A poll without news writes nothing; but where it read in vain what it had read before (elmond), the
    // mark moves on now and then, so that the re-reading ends; and once a day in any case, or a host that was
    // silent for longer than `catch-up` would seem not to have been polled.
    Progress same_but_polled = before;
    same_but_polled.polled_until = next.polled_until;
    const bool only_polled = next == same_but_polled;
    const Timestamp moved = next.polled_until - before.polled_until;
    const bool is_due = moved >= (summary.tally.series_read > 0 ? hour : day);
    if (next == checkpoint.progress() || (only_polled && batch.commits() == 0 && !is_due)) return {};
    batch.set_progress(next);
    return batch.commit();
}

void PollBook::sum_up(Timestamp now, const Journal& journal) {
    const auto& host = settings.instance.host;
    summary.tally.limits = limits.counts();
    for (const auto& count : summary.tally.limits) {
        if (const auto text = text_of(count); !text.empty())
            journal.log(Priority::info,
                        fmt::format("{}: limit {} ({}): {}", host, count.limit, count.reason, text));
    }
    if (summary.tally.untransformed > 0) {
        journal.log(
            Priority::warning, message::gap_recorded,
            fmt::format("{}: {} not sent where a transform could not make something of them, first {}; what "
                        "is missing is in the ledger (\"meshprobectl gaps {}\")",
                        host, counted(summary.tally.untransformed, "message"),
                        summary.tally.first_untransformed, host));
    }
    summary.points += batch.points();
    summary.messages += batch.messages();
    summary.gaps = checkpoint.gaps().size();
    const Timestamp newest = std::max(summary.tally.newest, newest_of(checkpoint.series()));
    if (newest > 0) summary.lag_usec = std::max<Timestamp>(0, now - newest) * 1'000'000;
}

} // namespace meshprobe
