// What a run says and remembers, decided from the last result and the new one.
#include "lib/file.hpp"
#include "probe/clock_note.hpp"
#include "probe/report.hpp"
#include "probe/time_news.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace meshprobe;
using namespace std::chrono_literals;

namespace {

const Instance instance{"default", "ps1.example.org"};
constexpr std::int64_t start = 1'700'000'000'000'000;
constexpr std::int64_t minute = 60'000'000;
constexpr std::int64_t boot = start - 3600 * 1'000'000LL; ///< when it was, by the clock

RunSummary run_at(std::int64_t usec) {
    RunSummary summary;
    summary.started_usec = usec;
    summary.finished = {usec + 210'000, "boot", usec - boot + 210'000};
    summary.duration_usec = 210'000;
    return summary;
}

RunSummary news_at(std::int64_t usec) {
    RunSummary summary = run_at(usec);
    summary.points = 120;
    summary.messages = 12;
    summary.requests = 3;
    summary.bytes = 45'000;
    summary.lag_usec = 12'000'000;
    summary.tally.series_read = 3;
    return summary;
}

RunSummary dead_at(std::int64_t usec) {
    RunSummary summary = run_at(usec);
    summary.error = Error{ErrorKind::unreachable, "connection refused"};
    summary.is_host_error = true;
    return summary;
}

/// One run after the other, as the probe does it.
class Host {
  public:
    std::vector<News> run(const RunSummary& summary, LogMode mode = LogMode::each) {
        auto next = next_result(last, summary, 5min);
        auto news = news_of(instance, mode, last, next, summary);
        last = next;
        return news;
    }
    std::optional<LastResult> last;
};

bool is(const News& news, const MessageId& id) {
    return news.id.id == id.id;
}

/// The host tells its time at the end of the run.
void tell(RunSummary& summary, std::int64_t skew_usec) {
    summary.skew_usec = skew_usec;
    summary.skew_at = summary.finished;
}

std::string field(const News& news, std::string_view name) {
    const auto at = std::ranges::find(news.fields, name, &Field::name);
    return at == news.fields.end() ? "" : at->value;
}

} // namespace

TEST_CASE("a host whose only series has bad elements among good ones is no dead host") {
    Host host;
    auto summary = news_at(start);
    summary.tally.series_read = summary.tally.series_failed = 1;
    summary.tally.newest = 1'700'000'000;
    static_cast<void>(host.run(summary));
    CHECK(host.last->outcome == "partial");
    CHECK(host.last->bad_runs == 0);
    CHECK(host.last->lag_usec == 12'000'000);
    CHECK(exit_code_of(summary) == ExitCode::partial);
    summary.tally.newest = 0; // nothing came of it
    CHECK(outcome_of(summary) == "unreachable");
}

TEST_CASE("a run that brought news says so in one line") {
    Host host;
    const auto news = host.run(news_at(start));
    REQUIRE(news.size() == 1);
    CHECK(is(news[0], message::run_news));
    CHECK(news[0].priority == Priority::notice);
    CHECK(news[0].text ==
          "ps1.example.org: 120 new points in 12 messages, 3 requests, 45 kB, 0.21 s, lag 12s");
    CHECK(host.last->outcome == "success");
}

TEST_CASE("a run without news says nothing") {
    Host host;
    CHECK(host.run(run_at(start)).empty());
    CHECK(host.run(run_at(start + 5 * minute)).empty());
}

TEST_CASE("a dead host is told once, and once when it is back") {
    Host host;
    host.run(news_at(start));
    const auto gone = host.run(dead_at(start + 5 * minute));
    REQUIRE(gone.size() == 1);
    CHECK(is(gone[0], message::host_state_changed));
    CHECK(gone[0].priority == Priority::warning);
    CHECK(gone[0].text.find("connection refused") != std::string::npos);
    for (int i = 2; i < 9; ++i)
        CHECK(host.run(dead_at(start + i * 5 * minute)).empty());
    CHECK(host.last->bad_runs == 8);
    CHECK(host.last->not_before_usec > 0);
    const auto back = host.run(run_at(start + 100 * minute));
    REQUIRE(back.size() == 1);
    CHECK(back[0].priority == Priority::notice);
    CHECK(host.last->bad_runs == 0);
    CHECK(host.last->not_before_usec == 0);
}

TEST_CASE("the time of a state is when it began") {
    Host host;
    host.run(dead_at(start));
    host.run(dead_at(start + 5 * minute));
    CHECK(host.last->since_usec == start + 210'000);
    CHECK(host.last->last_success_usec == 0);
}

TEST_CASE("outcomes have their exit codes") {
    auto some_failed = news_at(start);
    some_failed.tally.series_failed = 1;
    auto some_odd = news_at(start);
    some_odd.tally.skipped_entries = 2;
    some_odd.tally.first_skipped = "entry 3: it is not an object";
    auto all_failed = run_at(start);
    all_failed.tally.series_read = all_failed.tally.series_failed = 4;
    auto untrusted = dead_at(start);
    untrusted.error->kind = ErrorKind::untrusted;
    auto disk = run_at(start);
    disk.error = Error{ErrorKind::storage, "no space left on device"};
    auto full = run_at(start);
    full.deferred = "the spool of archive local is full";
    CHECK(exit_code_of(run_at(start)) == ExitCode::success);
    CHECK(exit_code_of(some_failed) == ExitCode::partial);
    CHECK(exit_code_of(some_odd) == ExitCode::partial);
    CHECK(next_result({}, some_odd, Microseconds(minute)).message ==
          "2 metadata entries were left out, first entry 3: it is not an object");
    CHECK(exit_code_of(all_failed) == ExitCode::unreachable);
    CHECK(exit_code_of(dead_at(start)) == ExitCode::unreachable);
    CHECK(exit_code_of(untrusted) == ExitCode::untrusted);
    CHECK(exit_code_of(disk) == ExitCode::storage);
    CHECK(exit_code_of(full) == ExitCode::deferred);
}

TEST_CASE("a local fault is an error and not the host's") {
    Host host;
    auto disk = run_at(start);
    disk.error = Error{ErrorKind::storage, "no space left on device"};
    const auto news = host.run(disk);
    REQUIRE(news.size() == 1);
    CHECK(is(news[0], message::run_failed));
    CHECK(news[0].priority == Priority::error);
    CHECK(host.last->bad_runs == 0);
    CHECK(host.run(disk).empty());
}

TEST_CASE("a host that is not trusted is told once, by those who know the key or else here") {
    for (const bool is_key_told : {true, false}) {
        Host host;
        auto untrusted = dead_at(start);
        untrusted.error->kind = ErrorKind::untrusted;
        untrusted.is_key_told = is_key_told;
        CHECK(host.run(untrusted).size() == (is_key_told ? 0U : 1U));
        CHECK(host.run(untrusted).empty());
        CHECK(host.last->outcome == "untrusted");
    }
}

TEST_CASE("a stop is no change of state") {
    Host host;
    host.run(run_at(start));
    auto stopped = news_at(start + minute);
    stopped.interrupted = true;
    CHECK(exit_code_of(stopped) == ExitCode::partial);
    const auto news = host.run(stopped);
    REQUIRE(news.size() == 1);
    CHECK(is(news[0], message::run_news));
    CHECK(host.last->outcome == "success");
}

TEST_CASE("log: hourly sums up, log: changes leaves news out") {
    Host hourly;
    CHECK(hourly.run(news_at(start), LogMode::hourly).size() == 1);
    for (int i = 1; i < 12; ++i)
        CHECK(hourly.run(news_at(start + i * 5 * minute), LogMode::hourly).empty());
    const auto news = hourly.run(news_at(start + 60 * minute), LogMode::hourly);
    REQUIRE(news.size() == 1);
    CHECK(news[0].text.find("1440 new points in 144 messages") != std::string::npos);

    Host changes;
    CHECK(changes.run(news_at(start), LogMode::changes).empty());
    CHECK(changes.run(dead_at(start + 5 * minute), LogMode::changes).size() == 1);
}

TEST_CASE("clocks that differ are told when it begins and when it ends") {
    Host host;
    auto ahead = run_at(start);
    ahead.skew_usec = 400'000'000;
    const auto begins = host.run(ahead);
    REQUIRE(begins.size() == 1);
    CHECK(is(begins[0], message::clock_skew_changed));
    CHECK(begins[0].text.find("6min 40s ahead of ours") != std::string::npos);
    CHECK(host.run(ahead).empty());
    auto right = run_at(start + minute);
    right.skew_usec = 1'000'000;
    CHECK(host.run(right).size() == 1);
}

TEST_CASE("what the host asked for is kept as not-before") {
    Host host;
    auto busy = dead_at(start);
    busy.asked_not_before_usec = start + 2 * minute;
    host.run(busy);
    CHECK(host.last->not_before_usec == start + 2 * minute);
}

TEST_CASE("what limits did is told by their names") {
    Host host;
    auto summary = news_at(start);
    summary.tally.limits = {{.limit = "old", .reason = "older than 1d", .dropped = 3, .flagged = 0},
                            {.limit = "odd", .reason = "…", .dropped = 0, .flagged = 2, .left_out = 1},
                            {.limit = "quiet", .reason = "…"}};
    const auto news = host.run(summary);
    REQUIRE(!news.empty());
    CHECK_THAT(news.front().text,
               Catch::Contains(", limits (old: 3 dropped; odd: 2 flagged, 1 series left out)"));
    CHECK(host.last->dropped == 3);
    CHECK(host.last->flagged == 2);
    CHECK(host.last->limits == "old: 3 dropped; odd: 2 flagged, 1 series left out");
}

TEST_CASE("a run whose results were all dropped says so") {
    Host host;
    auto summary = run_at(start);
    summary.tally.series_read = 1;
    summary.tally.limits = {{.limit = "old", .reason = "older than 1d", .dropped = 3}};
    REQUIRE(host.run(summary).size() == 1);
}

TEST_CASE("a host is not unreachable because a limit failed all its series") {
    auto summary = run_at(start);
    summary.tally.series_read = summary.tally.series_failed = 2;
    CHECK(outcome_of(summary) == "unreachable");
    summary.tally.limits = {{.limit = "strict", .reason = "…", .failed = 2}};
    CHECK(outcome_of(summary) == "partial");
}

TEST_CASE("times that cannot be right are counted with each run and told once") {
    Host host;
    host.run(news_at(start));
    auto odd = news_at(start + 5 * minute);
    odd.tally.future = 3;
    odd.tally.before_epoch = 1;
    const auto first = host.run(odd);
    REQUIRE(first.size() == 2);
    CHECK_THAT(first[0].text, Catch::EndsWith("lag 12s, 3 from the future, 1 from before 1970"));
    CHECK(field(first[0], "MESHPROBE_FUTURE") == "3");
    CHECK(field(first[0], "MESHPROBE_BEFORE_EPOCH") == "1");
    CHECK(field(first[0], "MESHPROBE_CONFLICTS").empty());
    CHECK(is(first[1], message::times_implausible));
    CHECK(first[1].priority == Priority::warning);
    CHECK_THAT(first[1].text,
               Catch::Contains("are 3 from the future, 1 from before 1970 (not delivered); told once"));
    CHECK(host.last->future == 3);
    CHECK(host.last->before_epoch == 1);
    CHECK(host.last->dropped == 4);

    odd.finished.wall_usec += 5 * minute;
    CHECK(host.run(odd).size() == 1);
    SECTION("another kind is told when it begins") {
        odd.tally.duplicates = odd.tally.conflicts = 2;
        const auto news = host.run(odd);
        REQUIRE(news.size() == 2);
        CHECK_THAT(news[1].text,
                   Catch::Contains("results are 2 with a second value for their time (the first one"));
        CHECK(field(news[1], "MESHPROBE_CONFLICTS") == "2");
        CHECK(host.last->conflicts == 2);
        CHECK(host.last->duplicates == 2);
    }
    SECTION("a run without them counts none, and after a day it is news again") {
        host.run(news_at(start + 15 * minute));
        CHECK(host.last->future == 0);
        CHECK(host.run(odd).size() == 1);
        odd.finished.wall_usec += 1441 * minute;
        CHECK(host.run(odd).size() == 2);
    }
}

TEST_CASE("a run that brought nothing but times that cannot be right tells so, and no news") {
    Host host;
    auto odd = run_at(start);
    odd.tally.future = 3;
    const auto news = host.run(odd);
    REQUIRE(news.size() == 1);
    CHECK(is(news[0], message::times_implausible));
    CHECK(host.run(odd).empty());
}

TEST_CASE("a step of this machine's clock is measured by the boot clock, and is no step of the host's") {
    Host host;
    auto before = run_at(start);
    tell(before, 0);
    host.run(before);
    auto after = run_at(start + 65 * minute); // five minutes later, and an hour set forward
    after.finished.boot_usec -= 60 * minute;
    const auto read = expected_skew(*host.last, after.finished);
    CHECK(read == -60 * minute);
    tell(after, read + 1'000'000);
    const auto news = host.run(after);
    CHECK(host.last->clock_step_usec == 60 * minute);
    CHECK(host.last->host_clock_step_usec == 0);
    REQUIRE(news.size() == 1); // that the clocks differ now, and why
    CHECK_THAT(news[0].text,
               Catch::Contains("59min 59s behind ours (since the last run, ours was set forward by 1h)"));
    CHECK(field(news[0], "MESHPROBE_CLOCK_STEP_USEC") == "3600000000");

    SECTION("it is over with the next run") {
        after.finished.wall_usec += 5 * minute;
        after.finished.boot_usec += 5 * minute;
        after.skew_at = after.finished;
        CHECK(host.run(after).empty());
        CHECK(host.last->clock_step_usec == 0);
    }
    SECTION("while the host does not tell the time, what is known of its clock follows") {
        auto back = dead_at(start + 10 * minute);
        host.run(back);
        CHECK(host.last->clock_step_usec == -60 * minute);
        CHECK(host.last->clock_skew_usec == 1'000'000);
    }
    SECTION("and so while a run goes on: before it, the host told a time that fits") {
        auto during = run_at(start + 70 * minute);
        during.finished.boot_usec -= 60 * minute;
        tell(during, read);
        during.finished.wall_usec -= 60 * minute; // back again
        CHECK(host.run(during).size() == 1);
        CHECK(host.last->clock_step_usec == -60 * minute);
        CHECK(host.last->host_clock_step_usec == 0);
        CHECK(host.last->clock_skew_usec == 0);
    }
    SECTION("another boot says nothing") {
        after.finished = {start, "other", minute};
        host.run(after);
        CHECK(host.last->clock_step_usec == 0);
    }
}

TEST_CASE("keeping a clock right is no step") {
    Host host;
    host.run(run_at(start));
    auto slewed = run_at(start + 1440 * minute);
    slewed.finished.boot_usec -= 80'000'000; // what 1000 ppm are in a day
    host.run(slewed);
    CHECK(host.last->clock_step_usec == 0);
    slewed.finished.wall_usec -= 100'000'000;
    host.run(slewed);
    CHECK(host.last->clock_step_usec == -100'000'000);
}

TEST_CASE("a step of the host's clock is told beyond what the measurements may be wrong by") {
    Host host;
    auto right = run_at(start);
    tell(right, 0);
    right.skew_doubt_usec = 2'000'000;
    host.run(right);
    auto stepped = run_at(start + 5 * minute);
    stepped.skew_doubt_usec = 30'000'000;
    tell(stepped, -91'000'000);
    CHECK(host.run(stepped).empty()); // it may have kept the answer waiting
    CHECK(host.last->host_clock_step_usec == 0);
    host.run(right);
    tell(stepped, -93'000'000);
    const auto news = host.run(stepped);
    REQUIRE(news.size() == 1);
    CHECK(is(news[0], message::clock_stepped));
    CHECK_THAT(news[0].text, Catch::Contains("its clock was set back by 1min 33s"));
    CHECK(field(news[0], "MESHPROBE_HOST_CLOCK_STEP_USEC") == "-93000000");
    CHECK(host.last->host_clock_step_usec == -93'000'000);
}

TEST_CASE("the first time that a host tells is no step") {
    Host host;
    host.run(dead_at(start));
    auto ahead = run_at(start + 5 * minute);
    ahead.skew_usec = 400'000'000;
    const auto news = host.run(ahead);
    CHECK(host.last->host_clock_step_usec == 0);
    CHECK_THAT(news[0].text, !Catch::Contains("was set"));
}

TEST_CASE("a clock that was set back does not keep log: hourly silent") {
    Host host;
    host.run(news_at(start), LogMode::hourly);
    CHECK(host.run(news_at(start - 600 * minute), LogMode::hourly).size() == 1);
}

TEST_CASE("a step of this machine's clock is one piece of news for all hosts") {
    const test::TemporaryDirectory directory;
    const Paths paths(directory.path());
    REQUIRE(make_directories(paths.slots()));
    const Moment stepped{start + 60 * minute, "boot", 5 * minute};
    CHECK(is_first_to_note(paths, 60 * minute, stepped));
    const Moment later{stepped.wall_usec + 30 * minute + 100'000, "boot", stepped.boot_usec + 30 * minute};
    CHECK_FALSE(is_first_to_note(paths, 60 * minute + 100'000, later));
    const Moment back{later.wall_usec - 60 * minute, "boot", later.boot_usec};
    CHECK(is_first_to_note(paths, -60 * minute, back));
}

TEST_CASE("a host whose scheduler answers is not unreachable because of one of its runs") {
    RunSummary summary;
    summary.tally.counts_results = true;
    summary.has_answered = true;
    summary.tally.series_failed = 1;
    summary.tally.first_failure = "https://h/run: HTTP status 500";
    CHECK(outcome_of(summary) == "partial");
    CHECK(next_result({}, summary, std::chrono::minutes(5)).message ==
          "1 result could not be fetched, first https://h/run: HTTP status 500");
    summary.error = Error{ErrorKind::protocol, "HTTP status 500"};
    summary.is_host_error = true;
    CHECK(outcome_of(summary) == "partial");
    summary.error = Error{ErrorKind::unreachable, "connection refused"};
    CHECK(outcome_of(summary) == "unreachable");
}

TEST_CASE("what was left out is told by its name") {
    RunSummary summary;
    summary.tally.skipped_entries = 1;
    summary.tally.first_skipped = "x";
    CHECK(next_result({}, summary, std::chrono::minutes(5)).message ==
          "1 metadata entry was left out, first x");
    summary.tally.counts_results = true;
    summary.tally.skipped_entries = 2;
    CHECK(next_result({}, summary, std::chrono::minutes(5)).message == "2 results were left out, first x");
}
