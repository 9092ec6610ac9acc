// What a run says and remembers, decided from the last result and the new one.
#include "probe/report.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using namespace std::chrono_literals;

namespace {

const Instance instance{"default", "ps1.example.org"};
constexpr std::int64_t start = 1'700'000'000'000'000;
constexpr std::int64_t minute = 60'000'000;

RunSummary run_at(std::int64_t usec) {
    RunSummary summary;
    summary.started_usec = usec;
    summary.finished_usec = usec + 210'000;
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

} // namespace

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
