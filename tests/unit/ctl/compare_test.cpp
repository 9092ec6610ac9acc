// What two collectors have of the same results, and which of it is compared.
#include "ctl/compare/recording.hpp"
#include "ctl/compare/results.hpp"
#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <tuple>
#include <vector>

using namespace meshprobe;
using namespace meshprobe::comparison;
using meshprobe::test::TemporaryDirectory;

namespace {

constexpr Timestamp noon = 1'795'262'400;
constexpr Timestamp hour = 3600;
const SeriesName loss{"k1", "packet-loss-rate"};
const SeriesName trace{"k1", "packet-trace"};
const SeriesName other_loss{"k2", "packet-loss-rate"};

struct Entry {
    SeriesName series;
    std::string host;
    std::vector<Timestamp> timestamps;
};

Results results(const std::vector<Entry>& entries) {
    Results results;
    for (const auto& [series, host, timestamps] : entries) {
        for (const Timestamp ts : timestamps)
            REQUIRE(results.add(series, host, ts));
    }
    results.sort();
    return results;
}

using Row = std::tuple<std::string, std::string, Timestamp, std::size_t, std::size_t, std::size_t>;

/// Those with a difference.
std::vector<Row> rows(const Comparison& comparison) {
    std::vector<Row> rows;
    for (const auto& row : comparison.rows) {
        if (row.only_here + row.only_there > 0)
            rows.emplace_back(row.host, row.event_type, row.hour, row.here, row.only_here, row.only_there);
    }
    return rows;
}

std::string body(const std::string& meta, const std::string& points) {
    return R"({"meta": {"org_metadata_key": "k1", "event-type": "throughput", "measurement_agent": "192.0.2.1")" +
           meta + R"(}, "version": 2, "datapoints": {)" + points + "}}";
}

std::vector<Timestamp> times(const Recording& recording) {
    const auto found = recording.results.series().find({"k1", "throughput"});
    return found == recording.results.series().end() ? std::vector<Timestamp>{} : found->second.timestamps;
}

} // namespace

TEST_CASE("what both have is no difference") {
    const auto one = results({{loss, "a", {noon, noon + 60}}, {trace, "a", {noon}}});
    CHECK_FALSE(compare(one, one, {}).differs());
}

TEST_CASE("differences are counted by host, event type and hour") {
    const auto here = results({{loss, "a", {noon - 1, noon, noon + 60}}, {other_loss, "b", {noon}}});
    const auto there =
        results({{loss, "192.0.2.1", {noon, noon + 120, noon + hour}}, {trace, "192.0.2.1", {noon}}});
    CHECK(rows(compare(here, there, {})) == std::vector<Row>{{"a", "packet-loss-rate", noon - hour, 1, 1, 0},
                                                             {"a", "packet-loss-rate", noon, 2, 1, 1},
                                                             {"a", "packet-loss-rate", noon + hour, 0, 0, 1},
                                                             {"a", "packet-trace", noon, 0, 0, 1},
                                                             {"b", "packet-loss-rate", noon, 1, 1, 0}});
}

TEST_CASE("a host that only the other collector knows is called as its agent") {
    CHECK(rows(compare({}, results({{loss, "192.0.2.1", {noon}}}), {})) ==
          std::vector<Row>{{"192.0.2.1", "packet-loss-rate", noon, 0, 0, 1}});
}

TEST_CASE("both ends of a range are compared, and nothing outside of it") {
    const auto here = results({{loss, "a", {noon - 1, noon, noon + 60, noon + 61}}});
    CHECK(rows(compare(here, {}, {noon, noon + 60})) ==
          std::vector<Row>{{"a", "packet-loss-rate", noon, 2, 2, 0}});
}

TEST_CASE("a queue that was bound in the middle is compared from its first result of each series on") {
    auto here = results({{loss, "a", {noon - 120, noon - 60, noon, noon + 60}},
                         {trace, "a", {noon - 30, noon + 30}},
                         {other_loss, "a", {noon - 70, noon - 10}},
                         {{"k3", "throughput"}, "b", {noon - 300, noon + 301}}});
    const auto there =
        results({{loss, "192.0.2.1", {noon - 60, noon, noon + 60}}, {trace, "192.0.2.1", {noon + 30}}});
    forget_what_was_before(here, there, noon + 300);
    CHECK(rows(compare(here, there, {})) == std::vector<Row>{{"a", "packet-loss-rate", noon - hour, 2, 1, 0},
                                                             {"b", "throughput", noon, 1, 1, 0}});
}

TEST_CASE("what one of the two has not come to yet is no difference, unless it is late") {
    auto here = results({{loss, "a", {noon, noon + 60}}, {other_loss, "b", {noon, noon + 60, noon + 120}}});
    auto there = results({{loss, "192.0.2.1", {noon, noon + 60, noon + 120}}});
    auto late_here = here;
    auto late_there = there;
    forget_what_may_still_come(here, there, noon + 30);
    CHECK(rows(compare(here, there, {})) == std::vector<Row>{{"b", "packet-loss-rate", noon, 1, 1, 0}});
    forget_what_may_still_come(late_here, late_there, noon + 300);
    CHECK(
        rows(compare(late_here, late_there, {})) ==
        std::vector<Row>{{"a", "packet-loss-rate", noon, 2, 0, 1}, {"b", "packet-loss-rate", noon, 3, 3, 0}});
}

TEST_CASE("messages of the other collector, as bodies and as queues are recorded") {
    Recording recording;
    REQUIRE(recording.add(body("", R"("1795262400": 1, "1795262460.0": 2)")));
    REQUIRE(recording.add(R"({"id": "x", "body": "{\"meta\": {\"org_metadata_key\": \"k1\", \"event-type\": )"
                          R"(\"throughput\"}, \"datapoints\": {\"1795262520\": 3}}"})"));
    REQUIRE(recording.add(
        R"({"header": {"event-type": "throughput", "summaries": 0}, "body": )"
        R"("{\"meta\": {\"org_metadata_key\": \"k1\"}, \"datapoints\": {\"1795262580\": 3}}"})"));
    recording.results.sort();
    CHECK(times(recording) == std::vector<Timestamp>{noon, noon + 60, noon + 120, noon + 180});
    CHECK(recording.refused == 0);
}

TEST_CASE("summaries and pushed results are passed over, and nonsense is counted") {
    Recording recording;
    REQUIRE(recording.add(body(R"(, "summaries": 1)", "")));
    REQUIRE(recording.add(body(R"(, "push": true)", R"("1795262400": 1)")));
    CHECK(recording.passed_over == 2);
    for (const std::string_view nonsense :
         {"", "{", "[1]", "{}", R"({"meta": 7})", R"({"meta": {}})", R"({"body": "{"})",
          R"({"meta": {"org_metadata_key": "k1", "event-type": "x"}})"}) {
        INFO(nonsense);
        const auto before = recording.refused;
        REQUIRE(recording.add(nonsense));
        CHECK(recording.refused == before + 1);
    }
    REQUIRE(recording.add(body("", R"("soon": 1)")));
    CHECK(recording.refused == 9);
    CHECK(recording.results.size() == 0);
    CHECK(recording.messages == 11);
}

TEST_CASE("what was published twice is counted once, and told") {
    const auto twice = results({{loss, "a", {noon, noon, noon + 60}}});
    CHECK(twice.size() == 2);
    CHECK(twice.repeated() == 1);
}

TEST_CASE("a recording is read line by line, whatever its last line ends with") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "messages";
    REQUIRE(write_file_atomically(file, body("", R"("1795262400": 1)") + "\r\n\n" +
                                            body("", R"("1795262460": 1)")));
    Recording recording;
    REQUIRE(read_recording(file.string(), recording));
    CHECK(times(recording).size() == 2);
    CHECK_FALSE(read_recording((directory.path() / "nothing").string(), recording));
}
