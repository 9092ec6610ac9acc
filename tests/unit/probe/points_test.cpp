#include "probe/fetch/points.hpp"
#include "tests/unit/probe/padded.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace meshprobe;

namespace {

using Pairs = std::vector<std::pair<Timestamp, std::string>>;

struct Read {
    Pairs points;
    PointCounts counts;
    Timestamp newest = 0;
};

Read read(std::string_view batch) {
    PointReader reader;
    const Padded padded(batch);
    Read result;
    for (const auto& point : reader.read(padded.view()))
        result.points.emplace_back(point.ts, point.value.text);
    result.counts = reader.counts();
    result.newest = reader.newest();
    return result;
}

} // namespace

TEST_CASE("values are the bytes that came") {
    const auto result = read(
        R"([{"ts": 1700000000, "val": {"34.50":  1, "-0.28":2e0}}, {"val":7.1e9,"ts":1700000060,"extra":[{}]},
        {"ts":1700000120,"val":"x\u00e9"},{"ts":1700000180,"val":[]},{"ts":1700000240,"val":false}])");
    CHECK(result.points == Pairs{{1700000000, R"({"34.50":  1, "-0.28":2e0})"},
                                 {1700000060, "7.1e9"},
                                 {1700000120, R"("x\u00e9")"},
                                 {1700000180, "[]"},
                                 {1700000240, "false"}});
    CHECK(result.counts.elements == 5);
    CHECK(result.counts.malformed == 0);
}

TEST_CASE("timestamps are read leniently, but must be times") {
    const auto result = read(
        R"([{"ts":"10","val":1},{"ts":20.0,"val":2},{"ts":3e1,"val":3},{"ts":40.5,"val":4},{"ts":null,"val":5},
        {"ts":-1,"val":6},{"ts":0,"val":7},{"ts":1e15,"val":8},{"ts":[1],"val":9},{"ts":true,"val":10}])");
    CHECK(result.points == Pairs{{10, "1"}, {20, "2"}, {30, "3"}, {40, "4"}});
    CHECK(result.counts.malformed == 3);
    CHECK(result.counts.before_epoch == 2);
    CHECK(result.counts.beyond_years == 1);
    CHECK(result.newest == 40);
}

TEST_CASE("a bad point is counted and spoils no other") {
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    const std::vector<std::string> bad = {"17",
                                          "null",
                                          "[]",
                                          "{}",
                                          R"({"ts":5})",
                                          R"({"val":5})",
                                          R"({"ts":5,"val":})",
                                          R"({"ts":5,"val":01})",
                                          R"({"ts":5,"val":"\x"})",
                                          "{\"ts\":5,\"val\":\"\xff\"}",
                                          "{\"ts\":5,\"val\":\"\n\"}",
                                          R"({"ts":5,"val":{1:2}})",
                                          R"({"ts":5,"val":[1}})",
                                          R"({"ts":5 "val":1})",
                                          R"({"ts":5,"val":1}x)",
                                          R"({"ts":5,"val":1}{})",
                                          "x",
                                          "",
                                          R"({"ts":5,"val":)" + deep + "}"};
    for (const auto& element : bad) {
        CAPTURE(element);
        for (const auto& batch : {"[{\"ts\":1,\"val\":1}," + element + ",{\"ts\":9,\"val\":9}]",
                                  "[{\"ts\":1,\"val\":1},{\"ts\":9,\"val\":9}," + element + "]",
                                  "[" + element + ",{\"ts\":1,\"val\":1},{\"ts\":9,\"val\":9}]"}) {
            CAPTURE(batch);
            if (batch.starts_with("[,") || batch.ends_with(",]")) continue; // tried below
            const auto result = read(batch);
            CHECK(result.points == Pairs{{1, "1"}, {9, "9"}});
            CHECK(result.counts.malformed == 1);
            CHECK(result.counts.elements == 3);
            CHECK_FALSE(result.counts.first_problem.empty());
        }
    }
    CHECK(read(R"([{"ts":1,"val":1},])").counts.malformed == 1);
    CHECK(read(R"([,{"ts":1,"val":1}])").counts.malformed == 1);
}

TEST_CASE("nulls are counted and move the newest timestamp, so that paging goes on behind them") {
    const auto result = read(R"([{"ts":1,"val":1},{"ts":2,"val":null}])");
    CHECK(result.points == Pairs{{1, "1"}});
    CHECK(result.counts.null_values == 1);
    CHECK(result.counts.malformed == 0);
    CHECK(result.newest == 2);
}

TEST_CASE("points are ascending and unique, whatever the order they came in") {
    const auto result = read(
        R"([{"ts":5,"val":"a"},{"ts":6,"val":"b"},{"ts":2,"val":"c"},{"ts":5,"val":"d"},{"ts":2,"val":"e"}])");
    CHECK(result.points == Pairs{{2, "\"c\""}, {5, "\"a\""}, {6, "\"b\""}});
    CHECK(result.counts.repeated == 2);
    CHECK(result.counts.elements == 5);
}

TEST_CASE("of a time that comes again the first value stands, and it counts whether the other one differs") {
    const auto result = read(
        R"([{"ts":5,"val":1.0},{"ts":5,"val":1.0},{"ts":5,"val":2.0},{"ts":6,"val":3},{"ts":6,"val":null}])");
    CHECK(result.points == Pairs{{5, "1.0"}, {6, "3"}});
    CHECK(result.counts.repeated == 2);
    CHECK(result.counts.conflicting == 1);
}

TEST_CASE("times before 1970 and beyond the calendar are counted and move nothing") {
    const auto result =
        read(R"([{"ts":-5,"val":1},{"ts":0,"val":1},{"ts":7,"val":1},{"ts":253402300800,"val":1}])");
    CHECK(result.points == Pairs{{7, "1"}});
    CHECK(result.counts.before_epoch == 2);
    CHECK(result.counts.beyond_years == 1);
    CHECK(result.counts.malformed == 0);
    CHECK(result.counts.elements == 4);
    CHECK(result.newest == 7);
}

TEST_CASE("whether a page came in order is told, within a batch and from one to the next") {
    PointReader reader;
    const auto take = [&](std::string_view text) {
        const Padded batch(text);
        static_cast<void>(reader.read(batch.view()));
        return reader.came_in_order();
    };
    CHECK(take(R"([{"ts":1,"val":1},{"ts":1,"val":1},{"ts":4,"val":null},{"ts":5,"val":1}])"));
    SECTION("within") {
        CHECK_FALSE(take(R"([{"ts":8,"val":1},{"ts":7,"val":1}])"));
    }
    SECTION("between") {
        CHECK(take(R"([{"ts":5,"val":1}])"));
        CHECK_FALSE(take(R"([{"ts":4,"val":1}])"));
        CHECK_FALSE(take(R"([{"ts":9,"val":1}])"));
    }
}

TEST_CASE("a reader counts over all batches") {
    PointReader reader;
    for (int i = 0; i < 3; ++i) {
        const Padded batch(R"([{"ts":1,"val":1},{}])");
        CHECK(reader.read(batch.view()).size() == 1);
    }
    CHECK(reader.counts().elements == 6);
    CHECK(reader.counts().malformed == 3);
}
