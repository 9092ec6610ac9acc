// Which results are expected, and which of them are missing and why: pure parts, on made-up meshes. The real
// programs together: tests/peers/coverage_test.py.
#include "ctl/coverage/compare.hpp"
#include "ctl/refresh/tuples.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/expected.hpp"
#include "lib/mesh/template.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

std::string expected_of(std::string_view json) {
    const auto read = read_mesh_template(json);
    REQUIRE(read);
    ExpectedWriter writer;
    MeshFacts facts;
    read_tuples(read->document, {}, writer, facts);
    return writer.finish();
}

constexpr std::string_view two_hosts = R"({
  "archives":{"x":{"archiver":"esmond","data":{"url":"https://{% scheduled_by_address %}/esmond/perfsonar/archive/"}},
              "push":{"archiver":"rabbitmq","data":{}}},
  "addresses":{"a":{"address":"a.example.org","host":"A"},"b":{"address":"b.example.org"},
               "c":{"address":"c.example.org","disabled":true}},
  "hosts":{"A":{}},
  "groups":{"all":{"type":"mesh","addresses":[{"name":"a"},{"name":"b"},{"name":"c"}]},
            "alone":{"type":"list","addresses":[{"name":"a"}]}},
  "schedules":{"hourly":{"repeat":"PT1H","slip":"PT5M"},"twice":{"repeat":"PT1H","max-runs":2}},
  "tests":{"lat":{"type":"latencybg","spec":{"source":"{% address[0] %}","dest":"{% address[1] %}","packet-count":100}},
           "thr":{"type":"throughput","spec":{"source":"{% address[0] %}","dest":"{% address[1] %}","ip-version":6}},
           "back":{"type":"rtt","spec":{"source":"{% address[1] %}","dest":"{% address[0] %}"}},
           "one":{"type":"trace","spec":{"source":"{% address[0] %}","dest":"far.example.net"}}},
  "tasks":{"1 lat":{"group":"all","test":"lat","archives":["x"]},
           "2 thr":{"group":"all","test":"thr","schedule":"hourly","archives":["x","push"]},
           "3 off":{"group":"all","test":"thr","schedule":"hourly","archives":["x"],"disabled":true},
           "4 once":{"group":"all","test":"thr","archives":["x"]},
           "5 twice":{"group":"all","test":"thr","schedule":"twice","archives":["x"]},
           "6 pushed":{"group":"all","test":"thr","schedule":"hourly","archives":["push"]},
           "7 back":{"group":"all","test":"back","schedule":"hourly","archives":["x"]},
           "8 one":{"group":"alone","test":"one","schedule":"hourly","archives":["x"]}}})";

} // namespace

TEST_CASE("expected is what enabled tasks repeat between enabled addresses and put where it can be read") {
    CHECK(expected_of(two_hosts) == "meshprobe-expected 1\n"
                                    "m a.example.org\n"
                                    "a a.example.org A\n"
                                    "a b.example.org b\n"
                                    "m b.example.org\n"
                                    "t latencybg 10 0 0 1 lat\n"
                                    "p 0 0 1\n"
                                    "p 1 1 0\n"
                                    "t throughput 3600 300 6 2 thr\n"
                                    "p 0 0 1\n"
                                    "p 1 1 0\n"
                                    "t rtt 3600 300 0 7 back\n"
                                    "p 0 1 0\n"
                                    "p 1 0 1\n"
                                    "a far.example.net far.example.net\n"
                                    "t trace 3600 300 0 8 one\n"
                                    "p 0 0 2\n");
}

TEST_CASE("a list of expected results reads back as it was written") {
    ExpectedWriter writer;
    std::vector<ExpectedWriter::Index> addresses;
    for (int i = 0; i < 6; ++i)
        addresses.push_back(*writer.address({"h" + std::to_string(i), "n"}));
    CHECK_FALSE(writer.address({"two words", "n"}));
    CHECK_FALSE(writer.address({"line\nbreak", "n"}));
    writer.begin({"a task", "rtt", 300, 60, 4});
    const auto here = writer.archives({"ma1", "ma2:8443"});
    for (const auto to : {5U, 1U, 2U, 3U})
        writer.add(here, addresses[0], addresses[to]);
    writer.add(here, addresses[4], std::nullopt);
    writer.begin({"nothing", "trace", 600, 0, 0});
    const std::string text = writer.finish();
    const auto read = parse_expected(text);
    REQUIRE(read);
    CHECK(read->addresses.size() == 6);
    CHECK(read->archives == std::vector<std::vector<std::string>>{{"ma1", "ma2:8443"}});
    CHECK(read->tests ==
          std::vector<ExpectedTest>{{"a task", "rtt", 300, 60, 4}}); // one without pairs is none
    CHECK(read->pairs == std::vector<ExpectedResults::Pairs>{{0, 0, 0, {{1, 3}, {5, 5}}}, {0, 0, 4, {}}});
}

TEST_CASE("machines and types of tests are called whatever strangers call them") {
    const std::vector<std::string> names{"two words", "Ünï", "line\nt rtt 1 0 0 x", "100%",
                                         "%20",       "",    std::string("n\0l", 3)};
    ExpectedWriter writer;
    for (const auto& name : names) {
        const auto address = writer.address({"a" + std::to_string(&name - names.data()), name});
        REQUIRE(address);
        writer.begin({"task", name, 300, 0, 0});
        writer.add(writer.archives({"ma"}), *address, std::nullopt);
    }
    const auto read = parse_expected(writer.finish());
    REQUIRE(read);
    REQUIRE(read->tests.size() == names.size());
    REQUIRE(read->addresses.size() == names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& name = i + 1 == names.size() ? std::string("n?l") : names[i];
        CHECK(read->tests[i].type == name);
        CHECK(read->addresses[i].node == name);
    }
}

TEST_CASE("a damaged list is refused with its line") {
    const std::string good = "meshprobe-expected 1\na x n\na y n\nm ma\nt rtt 300 0 0 t\np 0 0 0-1\n";
    REQUIRE(parse_expected(good));
    for (const std::string bad : {"p 0 0 0-2", "p 1 0 0", "p 0 9 0", "p 0 0", "q", "", "t rtt -1 0 0 t",
                                  "t rtt x 0 0 t", "p 0 0 99999999999999999999"}) {
        INFO(bad);
        const auto read = parse_expected(good + bad + "\n");
        REQUIRE_FALSE(read);
        CHECK(read.error().message.find("line 7") != std::string::npos);
    }
    CHECK_FALSE(parse_expected(""));
    CHECK_FALSE(parse_expected("meshprobe-expected 2\n"));
}

TEST_CASE("how long a result may be overdue") {
    CHECK(coverage::tolerance({"t", "latencybg", 60, 0, 0}, 300) == 3 * 60 + 600);
    CHECK(coverage::tolerance({"t", "throughput", 21600, 7200, 0}, 3600) == 3 * 21600 + 7200 + 7200);
}

TEST_CASE("which event types are results of a test") {
    using coverage::result_types;
    CHECK(result_types("latency") == result_types("latencybg"));
    CHECK(result_types("http") == std::vector<std::string_view>{"pscheduler-raw"});
    CHECK(coverage::pair_key("A.example.org", "2001:DB8::1", "rtt") == "a.example.org 2001:db8::1 rtt");
}
