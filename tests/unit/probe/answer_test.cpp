// What pSchedulers and OpenSearches answer, well-meant and otherwise.
#include "lib/json.hpp"
#include "probe/fetch/answer.hpp"
#include "tests/unit/probe/padded.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;
using nlohmann::json;

namespace {

const std::string fine = R"("timed_out":false,"_shards":{"failed":0})";

std::string searched(const std::string& hits) {
    return "{" + fine + R"(,"hits":{"hits":)" + hits + "}}";
}

std::string line(const std::string& href, const std::string& state = "finished") {
    return R"({"href":")" + href + R"(","state":")" + state +
           R"(","start-time":"2026-11-27T11:41:53Z","end-time":"2026-11-27T11:42:03Z","test":{"type":"rtt"}})";
}

std::string error_of(const std::string& run) {
    const auto read = read_run(Padded(run).view());
    return read ? "" : read.error().message;
}

} // namespace

TEST_CASE("an answer is JSON of at most 64 levels") {
    const auto nested = [](std::size_t levels) {
        const Padded text(R"([{"href":"https://a/pscheduler/tasks/T","test":{"spec":)" +
                          std::string(levels - 3, '[') + std::string(levels - 3, ']') + "}}]");
        return read_tasks(text.view());
    };
    CHECK(nested(64));
    const auto deep = nested(65);
    REQUIRE_FALSE(deep);
    CHECK(deep.error().kind == ErrorKind::protocol);
    CHECK(deep.error().message.find("nested more than 64 deep") != std::string::npos);
    CHECK_FALSE(nested(1'000'000));
    const auto page = read_schedule(Padded("<html><title>Sign in</title>").view());
    REQUIRE_FALSE(page);
    CHECK(page.error().message.find("Sign in") != std::string::npos);
}

TEST_CASE("a page of a search") {
    SECTION("documents, and where the next page begins") {
        const Padded text(searched(R"([{"_source":{"a":1},"sort":[5,"x"]},{"_source":{},"sort":[6,"y"]}])"));
        const auto page = read_search_page(text.view());
        REQUIRE(page);
        REQUIRE(page->documents.size() == 2);
        CHECK(page->documents.front() == R"({"a":1})");
        CHECK(page->last == R"([6,"y"])");
    }
    SECTION("nothing found") {
        const Padded text("{" + fine + "}");
        const auto page = read_search_page(text.view());
        REQUIRE(page);
        CHECK(page->documents.empty());
        CHECK(page->last.empty());
    }
    SECTION("a last hit that does not say where the next page begins") {
        const Padded text(searched(R"([{"_source":{},"sort":[1]},{"_source":{}}])"));
        const auto page = read_search_page(text.view());
        REQUIRE(page);
        CHECK(page->last.empty());
    }
    SECTION("not all shards have answered") {
        CHECK_FALSE(read_search_page(Padded(R"({"timed_out":true,"_shards":{}})").view()));
        CHECK_FALSE(read_search_page(Padded(R"({"timed_out":false,"_shards":{"failed":1}})").view()));
    }
    SECTION("something else is no archive without news") {
        for (const std::string text : {"[]", "{}", R"({"message":"Welcome"})",
                                       R"({"error":{"type":"security_exception"},"status":403})",
                                       R"({"timed_out":false})", R"({"_shards":{"failed":0}})"}) {
            CAPTURE(text);
            CHECK_FALSE(read_search_page(Padded(text).view()));
        }
        for (const std::string hits :
             {"{}", "7", "[8]", R"([{"sort":[1]}])", R"([{"_source":7,"sort":[1]}])"}) {
            CAPTURE(hits);
            CHECK_FALSE(read_search_page(Padded(searched(hits)).view()));
        }
    }
}

TEST_CASE("a hit without its document tells where it stands") {
    const Padded text(searched(R"([{"_id":"d1","sort":[6,"y"]}])"));
    const auto hit = read_search_hit(text.view());
    REQUIRE(hit);
    REQUIRE(*hit);
    CHECK((*hit)->id == "d1");
    CHECK((*hit)->sort == R"([6,"y"])");
    const auto none = read_search_hit(Padded("{" + fine + "}").view());
    REQUIRE(none);
    CHECK_FALSE(*none);
    CHECK_FALSE(read_search_hit(Padded("{}").view()));
}

TEST_CASE("a schedule names runs by any of the server's names") {
    const auto schedule =
        read_schedule(Padded("[" + line("https://inside.local/pscheduler/tasks/T/runs/R") + "," +
                             line("https://a/pscheduler/tasks/T/runs/S", "pending") + "]")
                          .view());
    REQUIRE(schedule);
    REQUIRE(schedule->runs.size() == 1);
    CHECK(schedule->runs.front().path == "/pscheduler/tasks/T/runs/R");
    CHECK(schedule->runs.front().task() == "/pscheduler/tasks/T");
    CHECK(schedule->runs.front().test_type == "rtt");
    CHECK(schedule->runs.front().start == 1'795'779'713);
    CHECK(schedule->runs.front().end == 1'795'779'723);
    CHECK_FALSE(schedule->runs.front().is_instant);
    CHECK(schedule->usable == 2);
    CHECK(schedule->odd == 0);
}

TEST_CASE("odd lines of a schedule are counted") {
    const auto schedule = read_schedule(
        Padded("[7,{\"error\":\"x\"}," + line("https://a/elsewhere/tasks/T/runs/R") + "," +
               line("https://a/pscheduler/tasks/T") + "," + line("https://a/pscheduler/tasks/T/runs/R") +
               "," + line("https://a/pscheduler/tasks/T/runs/R", "") + "]")
            .view());
    REQUIRE(schedule);
    CHECK(schedule->runs.size() == 1);
    CHECK(schedule->usable == 1);
    CHECK(schedule->odd == 5);
    CHECK_FALSE(read_schedule(Padded("{}").view()));
}

TEST_CASE("of tasks only that is kept which their runs need") {
    const auto list = read_tasks(
        Padded(
            R"([{"href":"https://a/pscheduler/tasks/T","test":{"type":"rtt"},"tool":"ping","archives":[1],"tools":[2],
                "reference":{"x":1},"detail":{"duration":"PT5S","participants":["a"],"multi-result":true}},
               {"test":{}},{"href":"https://a/pscheduler/tasks/U"},5])")
            .view());
    REQUIRE(list);
    REQUIRE(list->tasks.size() == 1);
    CHECK(list->odd == 3);
    const auto& [path, task] = list->tasks.front();
    CHECK(path == "/pscheduler/tasks/T");
    CHECK(task.members == R"("test":{"type":"rtt"},"tool":{"name":"ping"},"participants":["a"])");
    CHECK(task.duration == "\"PT5S\"");
    CHECK(task.is_multi_result);
}

TEST_CASE("a task of any size takes little") {
    const std::string text(1U << 20, 'x');
    CHECK_FALSE(read_task(Padded(R"({"test":{"type":"rtt","spec":{"x":")" + text + R"("}}})").view()));
    const auto task =
        read_task(Padded(R"({"test":{"type":"rtt"},"reference":{"x":")" + text + R"("}})").view());
    REQUIRE(task);
    CHECK(task->members.size() < 100);
    CHECK(task->duration == "null");
    CHECK_FALSE(task->is_multi_result);
    CHECK_FALSE(read_task(Padded(R"({"error":"backend busy"})").view()));
}

TEST_CASE("a run as it is shown becomes the document that is archived") {
    const Padded text(
        R"({"start-time":"2026-11-27T11:41:53Z","state":"finished","href":"https://a/r","participant":0,
            "participants":["a"],"result-full":[{"big":1}],"result-merged":{"succeeded":true}})");
    const auto run = read_run(text.view());
    REQUIRE(run);
    CHECK(run->is_led_here);
    const RunTask task{R"("test":{"type":"rtt"},"tool":{"name":"ping"},"participants":["a"])", "\"PT5S\"",
                       false};
    CHECK(json::parse(archived_document(task, *run)) ==
          json{{"test", {{"type", "rtt"}}},
               {"tool", {{"name", "ping"}}},
               {"participants", {"a"}},
               {"schedule", {{"start", "2026-11-27T11:41:53Z"}, {"duration", "PT5S"}}},
               {"run", {{"participants", {"a"}}, {"href", "https://a/r"}}},
               {"result", {{"succeeded", true}}}});
}

TEST_CASE("what is no run is none without a result") {
    CHECK(error_of(R"({"state":"failed","result-merged":null,"participant":1})").empty());
    const auto other = read_run(Padded(R"({"state":"failed","result-merged":null,"participant":1})").view());
    REQUIRE(other);
    CHECK_FALSE(other->is_led_here);
    CHECK(error_of(R"({"error":"backend busy"})").find("backend busy") != std::string::npos);
    CHECK_FALSE(error_of(R"({"state":"finished"})").empty());
    CHECK_FALSE(error_of(R"({"result-merged":null})").empty());
    CHECK_FALSE(error_of("[]").empty());
}
