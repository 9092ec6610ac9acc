// What pSchedulers and OpenSearches answer, well-meant and otherwise.
#include "probe/fetch/answer.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;

namespace {

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

std::string searched(const std::string& hits, const std::string& rest = "") {
    return R"({"timed_out":false,"_shards":{"failed":0})" + rest + R"(,"hits":{"hits":)" + hits + "}}";
}

std::string line(const std::string& href, const std::string& state = "finished") {
    return R"({"href":")" + href + R"(","state":")" + state +
           R"(","start-time":"2026-11-27T11:41:53Z","end-time":"2026-11-27T11:42:03Z","test":{"type":"rtt"}})";
}

} // namespace

TEST_CASE("an answer is JSON of at most 64 levels") {
    CHECK(parse_answer(nested(64)));
    const auto deep = parse_answer(nested(65));
    REQUIRE_FALSE(deep);
    CHECK(deep.error().kind == ErrorKind::protocol);
    CHECK(deep.error().message == "JSON that is nested more than 64 deep");
    // Copying or printing this one would end the process.
    CHECK_FALSE(parse_answer(nested(1'000'000)));
    CHECK(parse_answer(R"(["[[[[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["])"));
    const auto page = parse_answer("<html><title>Sign in</title>");
    REQUIRE_FALSE(page);
    CHECK(page.error().message.find("Sign in") != std::string::npos);
}

TEST_CASE("a page of a search") {
    SECTION("hits with and without a document") {
        const auto page = read_search_page(searched(
            R"([{"_source":{"a":1},"sort":[5,"x"]},{"_source":7},8,{"_source":{},"sort":[6,"y"]}])"));
        REQUIRE(page);
        CHECK(page->hits == 4);
        CHECK(page->documents.size() == 2);
        CHECK(page->last == nlohmann::json{6, "y"});
    }
    SECTION("nothing found") {
        const auto page = read_search_page(R"({"timed_out":false})");
        REQUIRE(page);
        CHECK(page->hits == 0);
        CHECK(page->last.is_null());
    }
    SECTION("a last hit that does not say where the next page begins") {
        const auto page = read_search_page(searched(R"([{"_source":{}}])"));
        REQUIRE(page);
        CHECK(page->last.is_null());
    }
    SECTION("not all shards have answered") {
        CHECK_FALSE(read_search_page(R"({"timed_out":true,"hits":{"hits":[]}})"));
        CHECK_FALSE(read_search_page(R"({"_shards":{"failed":1},"hits":{"hits":[]}})"));
    }
    SECTION("something else") {
        CHECK_FALSE(read_search_page("[]"));
        CHECK_FALSE(read_search_page(searched("{}")));
    }
}

TEST_CASE("a schedule names runs by any of the server's names") {
    const auto schedule = read_schedule("[" + line("https://inside.local/pscheduler/tasks/T/runs/R") + "," +
                                        line("https://a/pscheduler/tasks/T/runs/S", "pending") + "]");
    REQUIRE(schedule);
    REQUIRE(schedule->runs.size() == 1);
    CHECK(schedule->runs.front().path == "/pscheduler/tasks/T/runs/R");
    CHECK(schedule->runs.front().task == "/pscheduler/tasks/T");
    CHECK(schedule->runs.front().test_type == "rtt");
    CHECK(schedule->runs.front().start == 1'795'779'713);
    CHECK_FALSE(schedule->runs.front().is_instant);
    CHECK(schedule->odd == 0);
}

TEST_CASE("odd lines of a schedule are counted") {
    const auto schedule = read_schedule("[7," + line("https://a/elsewhere/tasks/T/runs/R") + "," +
                                        line("https://a/pscheduler/tasks/T") + "," +
                                        line("https://a/pscheduler/tasks/T/runs/R") + "]");
    REQUIRE(schedule);
    CHECK(schedule->runs.size() == 1);
    CHECK(schedule->odd == 3);
    CHECK_FALSE(read_schedule("{}"));
}

TEST_CASE("tasks come without what takes most of their bytes") {
    const auto tasks = read_tasks(
        R"([{"href":"https://a/pscheduler/tasks/T","test":{"type":"rtt"},"archives":[1],"tools":[2]},{"test":{}}])");
    REQUIRE(tasks);
    REQUIRE(tasks->size() == 1);
    CHECK(tasks->front().path == "/pscheduler/tasks/T");
    CHECK(tasks->front().task.contains("test"));
    CHECK_FALSE(tasks->front().task.contains("archives"));
    CHECK_FALSE(tasks->front().task.contains("tools"));
}
