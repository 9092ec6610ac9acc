// The windows a probe asks for: late data, catching up, first contact, clocks, gaps. All in seconds, `now`
// being noon.
#include "probe/windows.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

constexpr Timestamp minute = 60;
constexpr Timestamp hour = 3600;
constexpr Timestamp day = 86400;
constexpr Timestamp now = 1'795'262'400; // 2026-11-21T12:00:00Z
const WindowRules rules{.first_run = day, .catch_up = 30 * day, .overlap = hour, .reread = day};

Progress polled(Timestamp until) {
    return {.since = now - 100 * day,
            .polled_until = until,
            .reread_at = until - hour,
            .archive_url = {},
            .flavour = {}};
}

SeriesMarks marks(Timestamp newest, Timestamp complete_until, Timestamp updated) {
    SeriesMarks marks;
    marks.newest = newest;
    marks.complete_until = complete_until;
    marks.updated = updated;
    return marks;
}

std::optional<SeriesPlan> plan(const SeriesMarks* known, std::optional<Timestamp> updated,
                               const Progress& progress, Flavour flavour = Flavour::esmond,
                               const WindowRules& with = rules) {
    return plan_series(known, updated, plan_poll(progress, now, with, flavour), progress, with, flavour);
}

} // namespace

TEST_CASE("first contact asks for first-run, in the search and in the data") {
    const auto poll = plan_poll({}, now, rules, Flavour::unknown);
    CHECK(poll.first_contact);
    CHECK_FALSE(poll.reread);
    CHECK_FALSE(poll.gap);
    CHECK(poll.search_from == now - day);
    CHECK(poll.since == now - day);

    const auto series = plan(nullptr, now - minute, {});
    REQUIRE(series);
    CHECK(series->recent == Window{now - day, now});
    CHECK_FALSE(series->hole);
    CHECK_FALSE(series->deeper);
}

TEST_CASE("first contact skips what was never written or not written for long, on esmond only") {
    CHECK_FALSE(plan(nullptr, std::nullopt, {}));
    CHECK_FALSE(plan(nullptr, now - 3 * day, {}));
    CHECK(plan(nullptr, now - day - 10 * minute, {})); // clocks of archive and hosts differ
    CHECK(plan(nullptr, 0, {}));                       // not told: unknown
    CHECK(plan(nullptr, std::nullopt, {}, Flavour::elmond));
    CHECK(plan(nullptr, now - 3 * day, {}, Flavour::elmond));
}

TEST_CASE("a long first run is read newest first and then as a hole") {
    WindowRules month = rules;
    month.first_run = 30 * day;
    const auto series = plan(nullptr, now, {}, Flavour::esmond, month);
    REQUIRE(series);
    REQUIRE(series->hole);
    CHECK(series->recent.until == now);
    CHECK(series->hole->from == now - 30 * day);
    CHECK(series->hole->until == series->recent.from - 1); // nothing between the two
}

TEST_CASE("a poll searches from the last one with the margin that the archive needs") {
    const auto progress = polled(now - 5 * minute);
    CHECK(plan_poll(progress, now, rules, Flavour::esmond).search_from == now - 10 * minute);
    CHECK(plan_poll(progress, now, rules, Flavour::elmond).search_from == now - 5 * minute - hour);
    CHECK(plan_poll(progress, now, rules, Flavour::unknown).search_from == now - 5 * minute - hour);
}

TEST_CASE("without news there is no request on esmond, and always one on elmond") {
    const auto progress = polled(now - 5 * minute);
    const auto known = marks(now - 7 * minute, now - 7 * minute, now - 6 * minute);
    CHECK_FALSE(plan(&known, now - 6 * minute, progress));
    CHECK(plan(&known, now - 2 * minute, progress));
    CHECK(plan(&known, now - 6 * minute, progress, Flavour::elmond));
    CHECK(plan(&known, 0, progress)); // the archive does not tell
}

TEST_CASE("an update of the very moment is not believed to be the last of its second") {
    CHECK(covered_update(now - minute, now, Flavour::esmond) == now - minute);
    CHECK(covered_update(now, now, Flavour::esmond) == updated_in_doubt);
    CHECK(covered_update(now - 1, now, Flavour::esmond) == updated_in_doubt);
    CHECK(covered_update(now - minute, now, Flavour::elmond) == updated_in_doubt);
    const auto known = marks(now - 7 * minute, now - 7 * minute, updated_in_doubt);
    const auto series = plan(&known, now - 6 * minute, polled(now - 5 * minute));
    REQUIRE(series);
    CHECK_FALSE(series->deeper); // read again, but not looked for far away
}

TEST_CASE("news are read with the overlap, and looked for deeper if they are not there") {
    const auto known = marks(now - 6 * minute, now - 6 * minute, now - 5 * minute);
    const auto series = plan(&known, now - minute, polled(now - 5 * minute));
    REQUIRE(series);
    CHECK(series->recent == Window{now - 6 * minute - hour, now});
    REQUIRE(series->deeper);
    CHECK(*series->deeper == Window{now - 6 * minute - day, now - 6 * minute - hour - 1});
}

TEST_CASE(
    "what was handed over covers each series up to a time of its own, wherever collecting the host began") {
    auto progress = polled(now - 5 * minute);
    progress.since = now - 65 * minute;
    const auto behind = marks(now - 7 * hour, now - 7 * hour, 0);
    const auto known = plan(&behind, now - minute, progress);
    REQUIRE(known);
    CHECK(known->recent == Window{now - 7 * hour + 1, now});
    const auto met_first = plan(nullptr, now - minute, progress);
    REQUIRE(met_first);
    CHECK(met_first->recent == Window{now - 65 * minute, now});
}

TEST_CASE("nothing older than where collecting began is ever asked for") {
    auto progress = polled(now - 5 * minute);
    progress.since = now - 20 * minute;
    const auto known = marks(now - 6 * minute, now - 6 * minute, now - 5 * minute);
    const auto series = plan(&known, now - minute, progress);
    REQUIRE(series);
    CHECK(series->recent.from == now - 20 * minute);
    CHECK_FALSE(series->deeper);
}

TEST_CASE("once a day everything that was updated since is read again, further back") {
    auto progress = polled(now - 5 * minute);
    progress.reread_at = now - day;
    const auto poll = plan_poll(progress, now, rules, Flavour::esmond);
    CHECK(poll.reread);
    CHECK(poll.search_from == now - day - 5 * minute);
    const auto active = marks(now - 7 * minute, now - 7 * minute, now - 6 * minute);
    const auto series = plan(&active, now - 6 * minute, progress);
    REQUIRE(series);
    CHECK(series->recent == Window{now - 7 * minute - day, now});
    CHECK_FALSE(series->hole);
    const auto idle = marks(now - 3 * day, now - 3 * day, now - 3 * day + minute);
    CHECK_FALSE(plan(&idle, now - 3 * day + minute, progress));

    WindowRules never = rules;
    never.reread = never.overlap;
    CHECK_FALSE(plan_poll(progress, now, never, Flavour::esmond).reread);
}

TEST_CASE("after an outage the newest comes first, then the hole, without a second between them") {
    const auto progress = polled(now - 3 * day);
    const auto known = marks(now - 3 * day, now - 3 * day, now - 3 * day);
    const auto series = plan(&known, now - minute, progress);
    REQUIRE(series);
    REQUIRE(series->hole);
    CHECK(series->recent == Window{now - 6 * hour, now});
    CHECK(*series->hole ==
          Window{now - 3 * day - day, now - 6 * hour - 1}); // the day's re-read is due as well
    CHECK_FALSE(plan_poll(progress, now, rules, Flavour::esmond).gap);
}

TEST_CASE("a short outage is read in one piece") {
    const auto known = marks(now - 20 * hour, now - 20 * hour, now - 20 * hour);
    const auto series = plan(&known, now - minute, polled(now - 20 * hour));
    REQUIRE(series);
    CHECK_FALSE(series->hole);
    CHECK(series->recent == Window{now - 21 * hour, now});
}

TEST_CASE("a hole that is not closed yet goes on, whether or not there is news") {
    auto progress = polled(now - 3 * day);
    progress.reread_at = now - hour;
    const auto known = marks(now - 5 * minute, now - 2 * day, now - 3 * day);
    CHECK(is_owed(known));
    for (const auto flavour : {Flavour::esmond, Flavour::elmond}) {
        const auto series = plan(&known, now - 3 * day, progress, flavour);
        REQUIRE(series);
        REQUIRE(series->hole);
        CHECK(series->recent ==
              Window{now - 5 * minute - hour, now}); // what was read ahead is not read again
        CHECK(*series->hole == Window{now - 2 * day - hour, series->recent.from - 1});
    }
}

TEST_CASE("what lies beyond catch-up is one named gap, and is not asked for") {
    const auto progress = polled(now - 40 * day);
    const auto poll = plan_poll(progress, now, rules, Flavour::esmond);
    REQUIRE(poll.gap);
    CHECK(*poll.gap == Gap{"", now - 40 * day, now - 30 * day, "catch-up"});
    const auto known = marks(now - 40 * day, now - 40 * day, now - 40 * day);
    const auto series = plan(&known, now - minute, progress);
    REQUIRE(series);
    REQUIRE(series->hole);
    CHECK(series->hole->from == now - 30 * day);

    // What was measured before it may have arrived during it: that is listed, and read before anything else.
    CHECK(poll.before_gap == now - 41 * day);
    CHECK(poll.search_from == now - 41 * day);
    REQUIRE(series->deeper);
    CHECK(series->deeper_first);
    CHECK(*series->deeper == Window{now - 41 * day, now - 40 * day - 1});
    const auto ended = plan(&known, now - 39 * day, progress); // written during the gap, and never since
    REQUIRE(ended);
    CHECK(ended->deeper_first);
    CHECK(plan(nullptr, now - 39 * day, progress)->deeper_first); // a series that appeared meanwhile

    // Recorded once: a host that goes on catching up at the edge does not add one with each run.
    const auto after = polled(poll.gap->until);
    CHECK_FALSE(plan_poll(after, now + day, rules, Flavour::esmond).gap);
}

TEST_CASE("a series that was silent for longer than catch-up is no gap while its host was polled") {
    const auto progress = polled(now - 5 * minute);
    CHECK_FALSE(plan_poll(progress, now, rules, Flavour::esmond).gap);
    const auto silent = marks(now - 60 * day, now - 60 * day, now - 60 * day);
    const auto series = plan(&silent, now - minute, progress);
    REQUIRE(series);
    REQUIRE(series->hole);
    CHECK(series->hole->from >= now - 33 * day);
    CHECK(series->hole->from <= now - 30 * day);
}

TEST_CASE("what is owed is never cut off without a gap") {
    auto progress = polled(now - 29 * day);
    progress.reread_at = now;
    const auto owed = marks(now - hour, now - 50 * day, 0);
    const auto series = plan(&owed, now - minute, progress);
    REQUIRE(series);
    REQUIRE(series->hole);
    CHECK(series->hole->from == now - 50 * day - hour);
}

TEST_CASE("a new series of a known host is read from before the last poll") {
    const auto steady = plan(nullptr, now - minute, polled(now - 5 * minute));
    REQUIRE(steady);
    CHECK(steady->recent.from == now - day);
    const auto after_outage = plan(nullptr, now - minute, polled(now - 3 * day));
    REQUIRE(after_outage);
    REQUIRE(after_outage->hole);
    CHECK(after_outage->hole->from == now - 3 * day - hour);
}

TEST_CASE("a series whose first read failed begins where that did") {
    const auto owed = marks(0, now - 2 * day, 0);
    CHECK(is_owed(owed));
    auto progress = polled(now - 5 * minute);
    progress.reread_at = now;
    const auto series = plan(&owed, now - minute, progress);
    REQUIRE(series);
    REQUIRE(series->hole);
    CHECK(series->hole->from == now - 2 * day);
    CHECK_FALSE(is_owed(marks(0, now - 2 * day, now - minute))); // read since, and there was nothing
}

TEST_CASE("a server clock that was set back leaves nothing waiting and no window upside down") {
    auto progress = polled(now + 2 * day);
    progress.reread_at = now;
    const auto poll = plan_poll(progress, now, rules, Flavour::esmond);
    CHECK(poll.search_from <= now - 5 * minute);
    const auto ahead = marks(now + 2 * day, now + 2 * day, now + 2 * day);
    const auto series = plan(&ahead, now - minute, progress);
    REQUIRE(series);
    CHECK(series->recent == Window{now - hour, now});

    Progress born_ahead = progress;
    born_ahead.since = now + 4000 * day;
    born_ahead.reread_at = now + 4000 * day;
    const auto healed = plan_poll(born_ahead, now, rules, Flavour::esmond);
    CHECK(healed.since == now - day);
    CHECK(healed.reread);
}

TEST_CASE("a clock that was set back by more than is remembered lets the series begin anew") {
    auto ahead = marks(now + 3 * day, now + 3 * day, now + 3 * day);
    ahead.known_from = ahead.complete_until - rules.keep();
    CHECK(has_future_marks(ahead, now));
    for (const auto flavour : {Flavour::esmond, Flavour::elmond}) {
        const auto series = plan(&ahead, now - minute, polled(now + 3 * day), flavour);
        REQUIRE(series);
        CHECK(series->anew);
        CHECK(series->recent == Window{now - day, now});
    }
    CHECK_FALSE(has_future_marks(ahead, 100)); // 1970: not set yet
    ahead.known_from = now - hour;             // what is new can be told from what is old
    CHECK_FALSE(has_future_marks(ahead, now));
    CHECK_FALSE(plan(&ahead, now - minute, polled(now + 2 * hour))->anew);
}

TEST_CASE("parts of a window end with the year and after a slice, and leave nothing out") {
    constexpr Timestamp new_year = 1'798'761'600; // 2027-01-01T00:00:00Z
    CHECK(first_part({new_year - hour, new_year + hour}, Flavour::esmond) ==
          Window{new_year - hour, new_year - 1});
    CHECK(first_part({new_year, new_year + hour}, Flavour::esmond) == Window{new_year, new_year + hour});
    CHECK(first_part({now, now}, Flavour::esmond) == Window{now, now});
    for (const auto flavour : {Flavour::esmond, Flavour::elmond}) {
        Window rest{now - 30 * day, now + 60 * day};
        Timestamp next = rest.from;
        while (next <= rest.until) {
            const auto part = first_part({next, rest.until}, flavour);
            REQUIRE(part.from == next);
            REQUIRE(part.until >= part.from);
            REQUIRE(part.until - part.from < 7 * day);
            next = part.until + 1;
        }
        CHECK(next == rest.until + 1);
    }
}

TEST_CASE("progress advances after a complete poll only") {
    const auto progress = polled(now - 5 * minute);
    const auto poll = plan_poll(progress, now, rules, Flavour::esmond);
    CHECK(advance(progress, poll, {.complete = true}, rules).polled_until == now);
    CHECK(advance(progress, poll, {.held_by_failures = true}, rules).polled_until == progress.polled_until);
    CHECK(advance(progress, poll, {}, rules).polled_until == progress.polled_until);
}

TEST_CASE("a first poll that is not complete leaves everything since then owed") {
    const auto poll = plan_poll({}, now, rules, Flavour::unknown);
    const auto partial = advance({}, poll, {}, rules);
    CHECK(partial.polled_until == now - day);
    CHECK(partial.since == now - day);
    CHECK_FALSE(plan_poll(partial, now + 5 * minute, rules, Flavour::esmond).reread);
    const auto series = plan_series(nullptr, now, plan_poll(partial, now + hour, rules, Flavour::esmond),
                                    partial, rules, Flavour::esmond);
    REQUIRE(series);
    CHECK(series->recent.from == now - day);
}

TEST_CASE("a re-read that the time was not enough for is tried again in an hour, not at once") {
    auto progress = polled(now - 5 * minute);
    progress.reread_at = now - 2 * day;
    const auto poll = plan_poll(progress, now, rules, Flavour::elmond);
    REQUIRE(poll.reread);
    const auto after = advance(progress, poll, {.out_of_time = true}, rules);
    CHECK_FALSE(plan_poll(after, now + 10 * minute, rules, Flavour::elmond).reread);
    CHECK(plan_poll(after, now + hour + minute, rules, Flavour::elmond).reread);
}

TEST_CASE("a series that fails for as long as catch-up no longer holds the host back") {
    auto progress = polled(now - 28 * day);
    progress.reread_at = now;
    const auto poll = plan_poll(progress, now, rules, Flavour::esmond);
    CHECK_FALSE(poll.gap);
    CHECK(advance(progress, poll, {.held_by_failures = true}, rules).polled_until == now - 12 * day);
    // Well before its host would seem not to have been polled at all.
    progress = polled(now - 14 * day);
    progress.reread_at = now;
    CHECK(advance(progress, plan_poll(progress, now, rules, Flavour::esmond),
                  {.held_by_failures = true, .flavour = Flavour::esmond}, rules)
              .polled_until == now - 14 * day);
}

TEST_CASE("what failed is listed again, also where it turned out meanwhile what the archive is") {
    // The first answer was empty, so nobody knew; the second listed a series that was written long before.
    const auto progress = polled(now - 5 * minute);
    const auto poll = plan_poll(progress, now, rules, Flavour::unknown);
    for (const auto flavour : {Flavour::esmond, Flavour::elmond}) {
        auto after = advance(progress, poll, {.held_by_failures = true, .flavour = flavour}, rules);
        for (int run = 0; run < 3; ++run) {
            const auto again = plan_poll(after, now + minute, rules, flavour);
            CHECK(again.search_from == poll.search_from); // neither later nor, run by run, earlier
            after = advance(after, again, {.held_by_failures = true, .flavour = flavour}, rules);
        }
    }
}

TEST_CASE("short catch-up and overlap settings keep their meaning") {
    WindowRules brief{.first_run = 10 * minute, .catch_up = 20 * minute, .overlap = hour, .reread = 0};
    auto progress = polled(now - 5 * minute);
    const auto known = marks(now - 6 * minute, now - 6 * minute, now - 5 * minute);
    const auto series = plan(&known, now - minute, progress, Flavour::esmond, brief);
    REQUIRE(series);
    CHECK(series->recent.from == now - 6 * minute - hour); // overlap is not catching up
    const auto late = plan_poll(polled(now - hour), now, brief, Flavour::esmond);
    REQUIRE(late.gap);
    CHECK(late.gap->until == now - 20 * minute);
}

TEST_CASE("by default, what is up to a day late is read, whenever it arrives") {
    const WindowRules defaults = WindowRules::of(TaskSettings{});
    constexpr Timestamp late = 23 * hour;
    constexpr Timestamp interval = 30 * minute;
    for (const Flavour flavour : {Flavour::esmond, Flavour::elmond}) {
        for (Timestamp arrival = now + day; arrival < now + 2 * day; arrival += interval) {
            // Another result comes with every poll, so nothing but the clock tells that there is an old one,
            // too.
            Progress progress = polled(now);
            bool is_read = false;
            for (Timestamp at = now + interval; at < arrival + 2 * day && !is_read; at += interval) {
                const auto poll = plan_poll(progress, at, defaults, flavour);
                const auto known = marks(at - interval, at - interval, at - interval);
                const auto series = plan_series(&known, at, poll, progress, defaults, flavour);
                REQUIRE(series);
                is_read = at >= arrival && series->recent.from <= arrival - late;
                progress = advance(progress, poll, {.complete = true}, defaults);
            }
            CAPTURE(to_string(flavour), arrival - now);
            CHECK(is_read);
        }
    }
}

TEST_CASE("elmond is searched as far back as it is read again: by start of the measurement") {
    auto progress = polled(now - 5 * minute);
    progress.reread_at = now - day;
    const WindowRules wide{.first_run = day, .catch_up = 30 * day, .overlap = hour, .reread = 3 * day};
    CHECK(plan_poll(progress, now, wide, Flavour::elmond).search_from == now - 3 * day - hour);
    CHECK(plan_poll(progress, now, wide, Flavour::esmond).search_from == now - day - 5 * minute);
}

namespace {

/// `now` is noon.
std::optional<SeriesPlan> summaries(const SeriesMarks* known, std::optional<Timestamp> updated,
                                    Timestamp window, const Progress& progress, Timestamp at = now,
                                    Flavour flavour = Flavour::esmond) {
    return plan_summary(known, updated, window, plan_poll(progress, at, rules, flavour), progress, rules,
                        flavour);
}

} // namespace

TEST_CASE("a window of summaries is settled once it is over for as long as it is long, or for overlap") {
    CHECK(settled_until(now, 0, rules) == now);
    CHECK(settled_until(now, 300, rules) == now - 300);
    CHECK(settled_until(now + 299, 300, rules) == now - 300);
    CHECK(settled_until(now, hour, rules) == now - hour);
    CHECK(settled_until(now, day, rules) == now - 12 * hour);
    CHECK(settled_until(now - 12 * hour, day, rules) == now - 36 * hour); // midnight is not an hour ago
    WindowRules prompt = rules;
    prompt.overlap = 0;
    CHECK(settled_until(now, 300, prompt) == now);
}

TEST_CASE("of summaries only settled windows are asked for, from the begin of one") {
    const auto first = summaries(nullptr, now - minute, hour, {});
    REQUIRE(first);
    CHECK(first->recent == Window{now - day, now - 2 * hour});
    CHECK(first->announced == now - hour);

    const auto of_days = summaries(nullptr, now - minute, day, {}, now);
    REQUIRE(of_days);
    CHECK(of_days->recent == Window{now - 36 * hour, now - 36 * hour}); // yesterday

    const auto of_each = summaries(nullptr, now - minute, 0, {});
    REQUIRE(of_each);
    CHECK(of_each->recent == Window{now - day, now});
    CHECK_FALSE(of_each->announced);
    CHECK_FALSE(summaries(nullptr, std::nullopt, hour, {})); // never written
    CHECK_FALSE(summaries(nullptr, 50, day, {}, 100));       // a clock that begins in 1970
}

TEST_CASE("summaries are not asked for again until another window has settled") {
    const auto progress = polled(now - 5 * minute);
    const auto known = marks(now - 2 * hour, now - 2 * hour, now - hour);
    CHECK_FALSE(summaries(&known, now, hour, progress));
    CHECK_FALSE(summaries(&known, now + 50 * minute, hour, progress, now + 55 * minute));
    const auto next = summaries(&known, now + 50 * minute, hour, progress, now + hour);
    REQUIRE(next);
    CHECK(next->recent == Window{now - 3 * hour, now - hour}); // late ones of the window before
    CHECK(next->announced == now);
    // elmond does not tell what was updated: it is as if there were something in each window.
    CHECK_FALSE(summaries(&known, 0, hour, progress, now + 55 * minute, Flavour::elmond));
    CHECK(summaries(&known, 0, hour, progress, now + hour, Flavour::elmond));
}

TEST_CASE("summaries of what brought nothing new are not asked for") {
    const auto progress = polled(now - 5 * minute);
    const auto known = marks(now - 10 * hour, now - 10 * hour, now - 9 * hour);
    CHECK_FALSE(summaries(&known, now - 9 * hour, hour, progress));
    // What is late may concern a window that was empty.
    const auto late = summaries(&known, now - 3 * hour, hour, progress);
    REQUIRE(late);
    CHECK(late->announced == now - 3 * hour);
}

TEST_CASE("once a window of summaries has settled, the search shows what was updated in it") {
    WindowRules with = rules;
    const auto search_from = [&](Timestamp at, Timestamp polled_until) {
        auto progress = polled(polled_until);
        progress.reread_at = at - hour;
        return plan_poll(progress, at, with, Flavour::esmond).search_from;
    };
    const Timestamp usual = search_from(now, now - 5 * minute);
    CHECK(usual == now - 10 * minute);
    with.summary_windows = {hour};
    CHECK(search_from(now - minute, now - 5 * minute) == now - 10 * minute);
    CHECK(search_from(now, now - 5 * minute) == now - 2 * hour - 5 * minute);
    with.summary_windows = {hour, day};
    CHECK(search_from(now, now - 5 * minute) == now - 2 * hour - 5 * minute);
    const Timestamp one = now - 11 * hour; // o'clock in the morning
    CHECK(search_from(one, one - 5 * minute) == one - hour - day - 5 * minute);
}
