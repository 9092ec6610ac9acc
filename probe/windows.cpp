#include "probe/windows.hpp"

#include "lib/summary_name.hpp"

#include <algorithm>
#include <chrono>

namespace meshprobe {

namespace {

constexpr Timestamp minute = 60;
constexpr Timestamp hour = 3600;
constexpr Timestamp day = 86400;

/// Arrival times: only transactions that were under way during the last poll can be late.
constexpr Timestamp arrival_margin = 5 * minute;
/// What is read at once, in front of a hole.
constexpr Timestamp fresh = 6 * hour;
/// Writes within the second of the search, and the clocks of web server and database.
constexpr Timestamp doubt = 2;

Timestamp seconds(Microseconds duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

/// Others search by the start of the measurement: long tests and late results hide behind a short margin.
bool searches_by_arrival(Flavour flavour) {
    return flavour == Flavour::esmond || flavour == Flavour::opensearch;
}

Timestamp margin(const WindowRules& rules, Flavour flavour) {
    return searches_by_arrival(flavour) ? arrival_margin : std::max(rules.overlap, arrival_margin);
}

bool rereads(const WindowRules& rules) {
    return rules.reread > rules.overlap;
}

/// Whether the archive's word is good enough to do without a request.
bool is_without_news(const SeriesMarks* marks, std::optional<Timestamp> updated, const PollPlan& poll,
                     const Progress& progress) {
    if (!updated) return true; // never written
    if (*updated == 0) return false;
    if (marks == nullptr || marks->updated != *updated || is_owed(*marks)) return false;
    return !poll.reread || *updated < progress.reread_at - arrival_margin;
}

/// A search by what was updated lately does not show whose last result is some time ago: once a window of
/// summaries has settled since the last poll, the search begins with it.
Timestamp begin_of_settled(const PollPlan& plan, Timestamp polled_until, const WindowRules& rules) {
    Timestamp begin = plan.now;
    for (const Timestamp window : rules.summary_windows) {
        const Timestamp until = settled_until(plan.now, window, rules);
        const Timestamp before = settled_until(polled_until, window, rules);
        if (before < until) begin = std::min(begin, before);
    }
    return begin;
}

/// Where reading a series of which nothing was received yet begins.
Timestamp first_start(const SeriesMarks* marks, const PollPlan& poll, const Progress& progress,
                      const WindowRules& rules) {
    if (marks != nullptr && is_owed(*marks)) return std::max(marks->complete_until, poll.horizon);
    Timestamp from = poll.now - rules.first_run;
    // A series that appeared since the last poll may have begun to be measured just behind it.
    if (!poll.first_contact) from = std::min(from, progress.polled_until - rules.overlap);
    return std::max({from, poll.horizon, poll.since});
}

} // namespace

WindowRules WindowRules::of(const TaskSettings& settings) {
    WindowRules rules{.first_run = seconds(settings.first_run),
                      .catch_up = seconds(settings.catch_up),
                      .overlap = seconds(settings.overlap),
                      .reread = seconds(settings.reread)};
    for (const auto& name : settings.summaries) {
        const auto summary = parse_summary_name(name);
        if (!summary || summary->seconds == 0) continue;
        auto& windows = rules.summary_windows;
        if (std::ranges::find(windows, summary->seconds) == windows.end())
            windows.push_back(summary->seconds);
    }
    return rules;
}

Timestamp WindowRules::keep() const {
    return std::max(overlap, reread) + hour;
}

bool has_future_marks(const SeriesMarks& marks, Timestamp now) {
    constexpr Timestamp no_clock = 1'262'304'000; // 2010
    return marks.known_from > now && now > no_clock;
}

bool is_owed(const SeriesMarks& marks) {
    if (marks.newest == 0) return marks.complete_until > 0 && marks.updated == 0;
    return marks.complete_until < marks.newest;
}

PollPlan plan_poll(const Progress& progress, Timestamp now, const WindowRules& rules, Flavour flavour) {
    PollPlan plan;
    plan.now = now;
    plan.first_contact = progress.polled_until == 0;
    // Not if the server's clock was ahead when the host was new.
    const bool has_since = progress.since > 0 && progress.since < now;
    plan.since = has_since ? progress.since : std::max<Timestamp>(1, now - rules.first_run);
    if (plan.first_contact) {
        plan.horizon = plan.since;
        plan.search_from = plan.since;
        return plan;
    }
    // The gap is left a tenth late, or a host that catches up at the edge would record one more with each
    // run.
    const Timestamp edge = now - rules.catch_up;
    plan.horizon = edge - rules.catch_up / 10;
    if (progress.polled_until < plan.horizon) {
        plan.horizon = edge;
        plan.gap = Gap{.series = "", .since = progress.polled_until, .until = edge, .reason = "catch-up"};
        plan.before_gap = progress.polled_until - std::max(rules.overlap, rules.reread);
    }
    // A server clock that was set back must not leave us waiting for its old time; and when that was, between
    // the last poll and this one, nobody knows.
    const bool set_back = progress.polled_until > now + arrival_margin;
    plan.margin = margin(rules, flavour);
    plan.search_from =
        (set_back ? now - rules.first_run : std::min(progress.polled_until, now)) - plan.margin;
    if (rereads(rules) && (now - progress.reread_at >= day || progress.reread_at > now + day)) {
        plan.reread = true;
        // What arrived since then; where the search is by start of the measurement, what is to be read again.
        const Timestamp reread_from = searches_by_arrival(flavour)
                                          ? progress.reread_at
                                          : std::min(progress.reread_at, now - rules.reread);
        plan.search_from = std::min(plan.search_from, reread_from - plan.margin);
    }
    plan.search_from =
        std::min(plan.search_from, begin_of_settled(plan, progress.polled_until, rules) - plan.margin);
    if (plan.gap) plan.search_from = std::min(plan.search_from, plan.before_gap);
    plan.search_from = std::max({plan.search_from, plan.gap ? plan.before_gap : plan.horizon, Timestamp{1}});
    return plan;
}

std::optional<SeriesPlan> plan_series(const SeriesMarks* marks, std::optional<Timestamp> updated,
                                      const PollPlan& poll, const Progress& progress,
                                      const WindowRules& rules, Flavour flavour) {
    const bool anew = marks != nullptr && has_future_marks(*marks, poll.now);
    if (anew) marks = nullptr;
    const bool trusted = flavour == Flavour::esmond;
    if (trusted && is_without_news(marks, updated, poll, progress)) return std::nullopt;

    const bool known = marks != nullptr && marks->newest > 0;
    const Timestamp look_back = poll.reread ? std::max(rules.overlap, rules.reread) : rules.overlap;
    const Timestamp covered = known ? std::min(marks->complete_until, poll.now) : 0;
    Timestamp from = 0;
    if (!known) {
        from = first_start(marks, poll, progress, rules);
        // What arrived before the window begins was not measured in it.
        const Timestamp first = poll.gap ? poll.before_gap : from;
        if (trusted && updated && *updated > 0 && *updated < first - rules.overlap) return std::nullopt;
    } else if (covered < poll.horizon && (poll.gap || !is_owed(*marks))) {
        from = poll.horizon;
    } else {
        // What another collector handed over may be covered less far than this host is collected.
        from = std::max(covered - look_back, std::min(poll.since, covered + 1));
    }
    from = std::clamp(from, Timestamp{0}, poll.now);

    SeriesPlan plan;
    plan.anew = anew;
    if (poll.gap && !anew && from >= poll.gap->until) {
        const Timestamp deep = std::max(known ? covered - look_back : poll.before_gap, Timestamp{0});
        plan.deeper_first = deep < poll.gap->since;
        if (plan.deeper_first) plan.deeper = Window{deep, poll.gap->since - 1};
    }
    plan.recent = {from, poll.now};
    if (poll.now - from > std::max(day, look_back) + fresh) {
        plan.recent.from = poll.now - fresh;
        if (known)
            plan.recent.from = std::max(plan.recent.from, std::min(marks->newest, poll.now) - rules.overlap);
        plan.hole = Window{from, plan.recent.from - 1};
        return plan;
    }
    // The archive says that something arrived after what we have covered: if it is nowhere near, it came
    // late.
    if (!plan.deeper && trusted && known && !poll.reread && rereads(rules) &&
        marks->updated > updated_in_doubt && updated && *updated != marks->updated) {
        const Timestamp deep = std::max({covered - rules.reread, poll.since, Timestamp{0}});
        if (deep < from) plan.deeper = Window{deep, from - 1};
    }
    return plan;
}

Timestamp settled_until(Timestamp now, Timestamp window, const WindowRules& rules) {
    if (window == 0) return now;
    return std::max<Timestamp>(0, now - std::min(window, rules.overlap)) / window * window;
}

std::optional<SeriesPlan> plan_summary(const SeriesMarks* marks, std::optional<Timestamp> updated,
                                       Timestamp window, const PollPlan& poll, const Progress& progress,
                                       const WindowRules& rules, Flavour flavour) {
    if (window == 0) return plan_series(marks, updated, poll, progress, rules, flavour);
    const bool tells_arrival = flavour == Flavour::esmond;
    if (tells_arrival && !updated) return std::nullopt;
    const Timestamp settled = settled_until(poll.now, window, rules);
    if (settled < window) return std::nullopt; // a clock that was never set
    // What arrived later does not concern what is asked for, and what arrived before is in it. An archive
    // that does not tell may have something new in each window.
    const Timestamp announced = tells_arrival && *updated > 0 ? std::min(*updated, settled) : settled;

    PollPlan until_settled = poll;
    until_settled.now = settled - window; // the begin of the last one
    WindowRules wider = rules;
    wider.overlap = std::max(rules.overlap, window);
    auto plan = plan_series(marks, announced, until_settled, progress, wider, Flavour::esmond);
    if (!plan) return plan;
    plan->announced = announced;
    Timestamp& from = plan->hole ? plan->hole->from : plan->recent.from;
    from -= from % window;
    return plan;
}

Timestamp covered_update(std::optional<Timestamp> updated, Timestamp now, Flavour flavour) {
    if (flavour != Flavour::esmond || !updated || *updated == 0) return updated_in_doubt;
    return *updated < now - doubt ? *updated : updated_in_doubt;
}

Window first_part(const Window& window, Flavour flavour) {
    using namespace std::chrono;
    const auto year = year_month_day(floor<days>(sys_seconds(std::chrono::seconds(window.from)))).year();
    const auto next_year = sys_days((year + years(1)) / January / 1).time_since_epoch();
    const Timestamp year_end = duration_cast<std::chrono::seconds>(next_year).count() - 1;
    const Timestamp slice = flavour == Flavour::esmond ? 7 * day : day;
    return {window.from, std::min({window.until, year_end, window.from + slice - 1})};
}

Progress advance(const Progress& progress, const PollPlan& poll, const PollOutcome& outcome,
                 const WindowRules& rules) {
    Progress next = progress;
    next.since = poll.since;
    if (poll.gap) next.polled_until = poll.gap->until;
    if (outcome.complete) {
        next.polled_until = poll.now;
        if (poll.reread || poll.first_contact) next.reread_at = poll.now;
        return next;
    }
    if (poll.first_contact) {
        next.polled_until = poll.since; // from here on the host is known, and everything since then is owed
        next.reread_at = poll.now;
    }
    // Those that failed were listed by this search; the next one must not begin behind them because it is now
    // known what the archive is.
    if (!poll.gap && !poll.first_contact)
        next.polled_until -= std::max<Timestamp>(poll.margin - margin(rules, outcome.flavour), 0);
    // Too much for the time of one run: it must not keep new data waiting each time.
    if (poll.reread && outcome.out_of_time) next.reread_at = poll.now - day + hour;
    // Long before it would pass for a gap of the whole host.
    if (outcome.held_by_failures && next.polled_until < poll.now - rules.catch_up / 10 * 5) {
        next.polled_until = poll.now - rules.catch_up / 10 * 4;
    }
    return next;
}

} // namespace meshprobe
