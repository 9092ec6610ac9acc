// What the archive's pipeline made of a result, made undone.
#include "lib/json.hpp"
#include "lib/pscheduler/opensearch_document.hpp"
#include "lib/pscheduler/run_record.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace meshprobe;
using nlohmann::json;

namespace {

json stored(const std::string& type, json result) {
    result["succeeded"] = true;
    return {{"pscheduler",
             {{"start_time", "2026-11-27T11:41:53Z"},
              {"duration", 10},
              {"tool", "ping"},
              {"test_checksum", std::string(64, 'a')},
              {"run_href", "https://a.example.net/pscheduler/tasks/T/runs/R"}}},
            {"test", {{"type", type}, {"spec", {{"source", "a.example.net"}, {"dest", "b.example.net"}}}}},
            {"meta", {{"source", {{"ip", "192.0.2.1"}}}, {"observer", {{"ip", "192.0.2.3"}}}}},
            {"result", std::move(result)}};
}

std::map<std::string, std::string> values_in_document(const json& source) {
    const auto restored = restore_document(source);
    REQUIRE(restored);
    const auto record = read_run_record(restored->document.dump());
    REQUIRE(record);
    CHECK(record->ts == 1'795'779'713);
    std::map<std::string, std::string> values;
    for (const auto& value : record->values)
        values.emplace(value.event_type, value.json);
    return values;
}

} // namespace

TEST_CASE("latencies: two lists are a histogram again") {
    const auto values = values_in_document(stored(
        "latencybg",
        {{"packets", {{"sent", 600}, {"lost", 2}, {"received", 598}, {"duplicated", 0}, {"reordered", 1}}},
         {"max_clock_error", 0.41},
         {"latency", {{"histogram", {{"values", {-0.001, 12.03, 12.1}}, {"counts", {1, 410, 187}}}}}},
         {"ttl", {{"histogram", {{"values", {57}}, {"counts", {598}}}}}}}));
    CHECK(json::parse(values.at("histogram-owdelay")) == json{{"0.00", 1}, {"12.03", 410}, {"12.10", 187}});
    CHECK(json::parse(values.at("histogram-ttl")) == json{{"57", 598}});
    CHECK(json::parse(values.at("packet-count-lost")) == 2);
    CHECK(json::parse(values.at("packet-count-sent")) == 600);
}

TEST_CASE("buckets are counted in units of their width, and those that meet are added") {
    auto source = stored(
        "latencybg",
        {{"latency",
          {{"histogram", {{"values", {12.01, 12.014, 12.034, 12.0341}}, {"counts", {100, 200, 300, 5}}}}}}});
    source["test"]["spec"]["bucket-width"] = 0.0001;
    CHECK(json::parse(values_in_document(source).at("histogram-owdelay")) ==
          json{{"120.10", 100}, {"120.14", 200}, {"120.34", 305}});
    source["test"]["spec"].erase("bucket-width");
    CHECK(json::parse(values_in_document(source).at("histogram-owdelay")) ==
          json{{"12.01", 300}, {"12.03", 305}});
    for (const json& width : {json(0), json(-1), json("x"), json(1e-320)}) {
        source["test"]["spec"]["bucket-width"] = width;
        CHECK(restore_document(source));
    }
}

TEST_CASE("a histogram that is none is told") {
    for (const json& histogram : {json{{"values", {1, "x"}}, {"counts", {1, 2}}},
                                  json{{"values", {1}}, {"counts", {1, 2}}}, json{{"values", {1}}}}) {
        const auto restored =
            restore_document(stored("latencybg", {{"latency", {{"histogram", histogram}}}}));
        REQUIRE(restored);
        REQUIRE(restored->problems.size() == 1);
        CHECK(restored->problems.front().event_type == "histogram-owdelay");
        CHECK_FALSE(restored->document.at("result").contains("histogram-latency"));
    }
}

TEST_CASE("throughput") {
    const auto values =
        values_in_document(stored("throughput", {{"throughput", 937'000'000}, {"retransmits", 9}}));
    CHECK(json::parse(values.at("throughput")) == 937'000'000);
    CHECK(json::parse(values.at("packet-retransmits")) == 9);
}

TEST_CASE("a failure is one") {
    auto failed = stored("rtt", {{"error", "no route"}});
    failed["result"]["succeeded"] = false;
    const auto values = values_in_document(failed);
    CHECK(json::parse(values.at("failures")) == json{{"error", "no route"}});
    CHECK_FALSE(values.contains("packet-count-sent"));
}

TEST_CASE("what the archive found out is kept") {
    const auto restored = restore_document(stored("rtt", json::object()));
    REQUIRE(restored);
    CHECK(restored->archived_as.key == std::string(64, 'a'));
    CHECK(restored->archived_as.source == "192.0.2.1");
    CHECK(restored->archived_as.destination.empty());
    CHECK(restored->archived_as.observer == "192.0.2.3");
}

TEST_CASE("what is no result is refused, and no odd type of a member does harm") {
    CHECK_FALSE(restore_document(json::array()));
    CHECK_FALSE(restore_document({{"result", 5}}));
    CHECK_FALSE(restore_document({{"result", json::object()}, {"test", "rtt"}}));
    auto odd =
        stored("latency", {{"packets", 7}, {"latency", {{"histogram", {{"values", "x"}, {"counts", {1}}}}}}});
    odd["meta"] = 7;
    odd["pscheduler"]["duration"] = "long";
    CHECK(restore_document(odd));
    odd["result"]["succeeded"] = "yes";
    CHECK(restore_document(odd));
}
