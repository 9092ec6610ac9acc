// A pScheduler and an OpenSearch that answer what a test tells them to, read as the probe reads them.
#include "lib/http/session.hpp"
#include "lib/record/identity.hpp"
#include "lib/units_of_measure.hpp"
#include "probe/fetch/opensearch_source.hpp"
#include "probe/fetch/pscheduler_source.hpp"
#include "tests/unit/lib/scripted_server.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace meshprobe;
using test::ScriptedServer;

namespace {

constexpr Timestamp now = 1'795'780'000; // 2026-11-27T11:46:40Z
const std::string date = "Date: Fri, 27 Nov 2026 11:46:40 GMT\r\n";
const std::string task =
    R"("test":{"type":"rtt","spec":{"dest":"b.example.org"}},"tool":"ping","detail":{"participants":["a.example.org"]})";
const std::string result = R"({"succeeded":true,"sent":5,"lost":0})";

std::string answer(const std::string& body) {
    return ScriptedServer::answer(body, date);
}

std::string line(unsigned run, Timestamp start) {
    return fmt::format(
        R"({{"href":"https://a/pscheduler/tasks/T/runs/{}","state":"failed","start-time":"{}",)"
        R"("end-time":"{}","test":{{"type":"rtt"}}}})",
        run, format_utc(start), format_utc(start + 10));
}

/// Runs a minute apart, from `start` on.
std::string schedule(unsigned runs, Timestamp start = now - 3600) {
    std::string lines;
    for (unsigned run = 0; run < runs; ++run)
        lines += fmt::format("{}{}", run == 0 ? "" : ",", line(run, start + 60 * run));
    return "[" + lines + "]";
}

std::string shown_run(unsigned run, const std::string& merged, const std::string& rest = "",
                      Timestamp start = now - 3600) {
    return fmt::format(R"({{"state":"failed","start-time":"{}","result-merged":{}{}}})",
                       format_utc(start + 60 * run), merged, rest);
}

/// -1: not asked for a run.
int run_in(std::string_view request) {
    const auto at = request.find("/runs/");
    return at == std::string_view::npos ? -1 : std::stoi(std::string(request.substr(at + 6)));
}

bool asks_for(std::string_view request, std::string_view path) {
    return request.find(path) != std::string_view::npos;
}

HttpSession session() {
    HttpSession::Settings settings;
    settings.user_agent = "meshprobe/test";
    return std::move(*HttpSession::create(Paths("/"), settings));
}

struct Read {
    std::vector<RunSource::Page> pages;
    std::optional<Error> error;
    std::size_t results = 0;
    std::vector<RunSource::EmptyRun> empty;
    std::uint64_t failed = 0;
    std::uint64_t skipped = 0;
    std::string first_failure;
    std::string first_skipped;
};

Read read(RunSource& source, const std::function<bool()>& stop = {}) {
    Read all;
    while (true) {
        auto page = source.next(stop);
        if (!page) all.error = page.error();
        if (!page || !*page) return all;
        all.results += (*page)->results.size();
        all.empty.insert(all.empty.end(), (*page)->empty.begin(), (*page)->empty.end());
        all.failed += (*page)->failed;
        all.skipped += (*page)->skipped;
        if (all.first_failure.empty()) all.first_failure = (*page)->first_failure;
        if (all.first_skipped.empty()) all.first_skipped = (*page)->first_skipped;
        all.pages.push_back(std::move(**page));
    }
}

PSchedulerSource::CanSpare none() {
    return [](const SeriesSubject&, EventTypes, Timestamp) { return false; };
}

Read read_scheduler(const ScriptedServer& server, const PSchedulerSource::CanSpare& can_spare = none(),
                    const std::function<bool()>& stop = {}, unsigned at_once = 4) {
    auto http = session();
    PSchedulerSource source(http, {.url = server.url("/pscheduler/"),
                                   .window = {now - 3700, now},
                                   .tests = {},
                                   .at_once = at_once,
                                   .can_spare = can_spare});
    return read(source, stop);
}

/// What it answers to requests for runs is left to the test.
ScriptedServer::Script scheduler(unsigned runs, std::function<std::string(unsigned run)> shown,
                                 Timestamp start = now - 3600) {
    return [=](std::string_view request) {
        if (const int run = run_in(request); run >= 0) return answer(shown(static_cast<unsigned>(run)));
        if (asks_for(request, "/schedule?")) return answer(schedule(runs, start));
        return answer(R"([{"href":"https://a/pscheduler/tasks/T",)" + task + "}]");
    };
}

std::string search_hit(unsigned id) {
    return fmt::format(
        R"({{"_source":{{"test":{{"type":"rtt","spec":{{"dest":"b"}}}},"pscheduler":{{"start_time":"{}","participants":["a"]}},)"
        R"("result":{{"succeeded":true}}}},"sort":[{},"{}"]}})",
        format_utc(now - 600 + id), (now - 600 + id) * 1000, id);
}

std::string search(const std::string& hits) {
    return R"({"timed_out":false,"_shards":{"failed":0},"hits":{"hits":[)" + hits + "]}}";
}

} // namespace

TEST_CASE("what is no run is a failure of it, and asked for again") {
    ScriptedServer server(scheduler(3, [](unsigned run) {
        return run == 1 ? std::string(R"({"error":"backend busy"})") : shown_run(run, result);
    }));
    const auto all = read_scheduler(server);
    CHECK_FALSE(all.error);
    CHECK(all.results == 2);
    CHECK(all.failed == 1);
    CHECK(all.first_failure.find("backend busy") != std::string::npos);
    CHECK(all.empty.empty());
}

TEST_CASE("a source that gives none of several runs has failed, and one bad run is not the source") {
    const auto busy = [](unsigned) { return std::string(R"({"error":"backend busy"})"); };
    ScriptedServer one(scheduler(1, busy));
    const auto lone = read_scheduler(one);
    CHECK_FALSE(lone.error);
    CHECK(lone.failed == 1);
    ScriptedServer several(scheduler(5, busy));
    const auto all = read_scheduler(several);
    REQUIRE(all.error);
    CHECK(all.error->kind == ErrorKind::protocol);
}

TEST_CASE("a run without a result is waited for until it cannot be merged any more") {
    const auto null = [](unsigned run) { return shown_run(run, "null", "", now - 900); };
    ScriptedServer server(scheduler(15, null, now - 900)); // they end 10 s after their start
    const auto all = read_scheduler(server);
    CHECK(all.results == 0);
    CHECK(all.failed == 0);
    REQUIRE(all.empty.size() == 10);
    for (const auto& run : all.empty)
        CHECK(run.ts + 10 < now - 300);

    ScriptedServer led_elsewhere(scheduler(
        15, [](unsigned run) { return shown_run(run, "null", R"(,"participant":1)", now - 900); },
        now - 900));
    CHECK(read_scheduler(led_elsewhere).empty.size() == 15);
}

TEST_CASE("what has arrived before a stop is handed on before the stop is told") {
    ScriptedServer server([](std::string_view request) {
        if (run_in(request) >= 3) return std::string(); // leaves the client waiting
        return scheduler(64, [](unsigned run) { return shown_run(run, result); })(request);
    });
    constexpr int asked = 2 + 4; // schedule, tasks, and a run that does not answer
    const auto all = read_scheduler(
        server, none(), [&] { return server.requests() >= asked; }, 1);
    CHECK(all.results == 3);
    CHECK(all.failed == 0);
    CHECK(all.pages.back().arrived_until == 0);
    REQUIRE(all.error);
    CHECK(all.error->kind == ErrorKind::interrupted);
}

TEST_CASE("a document of more than 4 MiB is skipped for good") {
    ScriptedServer server(scheduler(3, [](unsigned run) {
        return shown_run(run, result, run == 1 ? R"(,"x":")" + std::string(5U << 20, 'x') + '"' : "");
    }));
    const auto all = read_scheduler(server);
    CHECK(all.results == 2);
    CHECK(all.failed == 0);
    CHECK(all.skipped == 1);
    CHECK(all.first_skipped == "/pscheduler/tasks/T/runs/1: it is larger than 4.0M");
    REQUIRE(all.empty.size() == 1);
    CHECK(all.empty.front().ts == now - 3540);
}

TEST_CASE("answers that are too large, all of them, are no runs") {
    ScriptedServer server(scheduler(3, [](unsigned run) {
        return shown_run(run, result, R"(,"x":")" + std::string(5U << 20, 'x') + '"');
    }));
    const auto all = read_scheduler(server);
    REQUIRE(all.error);
    CHECK(all.error->message.find("it is larger than 4.0M") != std::string::npos);
    CHECK(all.empty.empty());
}

TEST_CASE("pages are as large as what they hold") {
    ScriptedServer server(scheduler(6, [](unsigned run) {
        return shown_run(run, R"({"succeeded":false,"error":")" + std::string(1U << 20, 'x') + "\"}");
    }));
    const auto all = read_scheduler(server, none(), {}, 1);
    CHECK(all.results == 6);
    for (const auto& page : all.pages)
        CHECK(page.results.size() <= 3);
}

TEST_CASE("a task that has ended is asked for only until its runs were seen") {
    ScriptedServer server([](std::string_view request) {
        if (asks_for(request, "/tasks/T?")) return answer("{" + task + "}");
        if (asks_for(request, "/tasks?")) return answer("[]");
        return scheduler(3, [](unsigned run) { return shown_run(run, result); })(request);
    });
    const auto first = read_scheduler(server);
    CHECK(first.results == 3);
    CHECK(server.requests() == 2 + 1 + 3);
    REQUIRE(first.empty.size() == 3);
    const auto known = [&](const SeriesSubject& subject, EventTypes, Timestamp ts) {
        return std::ranges::any_of(
            first.empty, [&](const auto& run) { return run.subject.key == subject.key && run.ts == ts; });
    };
    const auto second = read_scheduler(server, known);
    CHECK(second.results == 0);
    CHECK(server.requests() == 2 + 1 + 3 + 2);
}

TEST_CASE("an array of something else is no schedule") {
    ScriptedServer server([](std::string_view) { return answer(R"([{"error":"x"},{"id":5},7])"); });
    const auto all = read_scheduler(server);
    REQUIRE(all.error);
    CHECK(all.error->message.find("no schedule: an array of 3 elements") != std::string::npos);
}

TEST_CASE("a document of the archive that is too large is stepped over, and told") {
    std::vector<std::string> asked;
    ScriptedServer server([&](std::string_view request) {
        asked.emplace_back(request);
        if (asked.size() <= 5)
            return ScriptedServer::answer(
                search(R"({"_source":{"x":")" + std::string(5U << 20, 'x') + R"("},"sort":[1,"a"]})"));
        if (asks_for(request, "hits.hits._id"))
            return answer(search(fmt::format(R"({{"_id":"d7","sort":[{},"a"]}})", (now - 700) * 1000)));
        return answer(search(asked.size() == 7 ? search_hit(1) + "," + search_hit(2) : ""));
    });
    auto http = session();
    OpenSearchSource source(http, server.url("/opensearch/"), now - 3600, {});
    const auto all = read(source);
    CHECK_FALSE(all.error);
    CHECK(all.skipped == 1);
    CHECK(all.first_skipped == "document d7: it is larger than 4.0M");
    CHECK(all.pages.front().arrived_until == now - 700);
    CHECK(asked.size() == 7 + 1); // 200, 50, 12, 3 and 1 documents, none, and what is behind
}

TEST_CASE("a server that sends the large document all the same is no obstacle") {
    const std::string large =
        R"({"_source":{"x":")" + std::string(5U << 20, 'x') + R"(\"y"},"sort":[1,"a"]})";
    int asked = 0;
    ScriptedServer server(
        [&](std::string_view) { return ScriptedServer::answer(search(++asked <= 6 ? large : "")); });
    auto http = session();
    OpenSearchSource source(http, server.url("/opensearch/"), now - 3600, {});
    const auto all = read(source);
    CHECK_FALSE(all.error);
    CHECK(all.first_skipped == R"(document [1,"a"]: it is larger than 4.0M)");
}

TEST_CASE("a document of very many values is not read") {
    std::string many = "[[]";
    for (int i = 0; i < 110'000; ++i)
        many += ",[]";
    ScriptedServer server([&, is_shown = false](std::string_view) mutable {
        auto body = search(std::exchange(is_shown, true)
                               ? ""
                               : search_hit(1) + R"(,{"_source":{"x":)" + many + R"(]},"sort":[9,"b"]})");
        return answer(body);
    });
    auto http = session();
    OpenSearchSource source(http, server.url("/opensearch/"), now - 3600, {});
    const auto all = read(source);
    CHECK(all.results == 1);
    CHECK(all.skipped == 1);
    CHECK(all.first_skipped == "a document of more than 100000 values");
}
