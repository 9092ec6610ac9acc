// What pScheduler's archiver makes of each type of test, as it comes back from an archive.
#include "lib/json.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "lib/pscheduler/run_record.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>

using namespace meshprobe;
using nlohmann::json;

namespace {

json run(const std::string& type, json spec, const std::string& tool, json result) {
    return {{"id", "0c8f1c1e-6f4d-4b6c-9d0b-2f1d5f0e7a11"},
            {"schedule", {{"start", "2026-05-19T10:00:05-04:00"}, {"duration", "PT17S"}}},
            {"test", {{"type", type}, {"spec", std::move(spec)}}},
            {"tool", {{"name", tool}, {"version", "1.0"}}},
            {"participants", {"192.0.2.1", "192.0.2.2"}},
            {"result", std::move(result)},
            {"reference", nullptr}};
}

json ends() {
    return {{"source", "192.0.2.1"}, {"dest", "192.0.2.2"}};
}

RunRecord record_of(const json& document) {
    auto record = read_run_record(document.dump());
    INFO((record ? "" : record.error().message));
    REQUIRE(record);
    return std::move(*record);
}

std::map<std::string, std::string> values_of(const json& document) {
    std::map<std::string, std::string> values;
    const auto listed = event_types_of(RunDocument::parse(document.dump())->test_type);
    for (const auto& value : record_of(document).values) {
        INFO(value.event_type);
        CHECK(std::ranges::find(listed, value.event_type) != listed.end());
        values.emplace(value.event_type, value.json);
    }
    return values;
}

using Values = std::map<std::string, std::string>;

json interval(double start, double end, int first, json streams = json::array()) {
    return {{"streams", std::move(streams)},
            {"summary",
             {{"start", start}, {"end", end}, {"throughput-bits", first * 1e8}, {"retransmits", first}}}};
}

json throughput_result() {
    return {{"succeeded", true},
            {"intervals", {interval(0, 1.5, 9), interval(1.5, 2.5, 8)}},
            {"summary",
             {{"summary",
               {{"start", 0},
                {"end", 10.0},
                {"throughput-bits", 937000000.4},
                {"retransmits", 9},
                {"sent", 100},
                {"lost", 1}}}}}};
}

} // namespace

TEST_CASE("the subject is that of an archive, its numbers texts") {
    const auto record = record_of(run("throughput", ends(), "iperf3", throughput_result()));
    CHECK(record.ts == 1779199205);
    const auto& meta = record.subject.meta;
    CHECK(meta.subject_type == "\"point-to-point\"");
    CHECK(meta.source == "\"192.0.2.1\"");
    CHECK(meta.destination == "\"192.0.2.2\"");
    CHECK(meta.input_source == "\"192.0.2.1\"");
    CHECK(meta.input_destination == "\"192.0.2.2\"");
    CHECK(meta.measurement_agent == "\"192.0.2.1\"");
    CHECK(meta.tool_name == "\"pscheduler/iperf3\"");
    CHECK(meta.test_type == "\"throughput\"");
    CHECK(meta.time_duration == "\"17.0\"");
    CHECK(meta.ip_transport_protocol == "\"tcp\"");
    auto udp = run("throughput", ends(), "iperf3", throughput_result());
    udp["test"]["spec"]["udp"] = true;
    CHECK(record_of(udp).subject.meta.ip_transport_protocol == "\"udp\"");
}

TEST_CASE("who measured is found in whatever form the document has") {
    auto document = run("rtt", {{"dest", "b.example.net"}}, "ping", nullptr);
    document["participants"] = json::array({"a.example.net"});
    auto meta = record_of(document).subject.meta;
    CHECK(meta.source == "\"a.example.net\"");
    CHECK(meta.measurement_agent == "\"a.example.net\"");
    document["headers"] = {{"x_ps_observer", "192.0.2.7"}};
    meta = record_of(document).subject.meta;
    CHECK(meta.source == "\"a.example.net\"");
    CHECK(meta.measurement_agent == "\"192.0.2.7\"");
    document.erase("headers");
    document.erase("participants");
    document["task"] = {{"href", "https://[2001:db8::1]:8443/pscheduler/tasks/T"}};
    CHECK(record_of(document).subject.meta.source == "\"2001:db8::1\"");
    document.erase("task");
    CHECK_FALSE(read_run_record(document.dump()));

    auto old = run("rtt", ends(), "ping", nullptr);
    old["tool"] = "ping";
    old["schedule"].erase("start");
    old["run"] = {{"start-time", "2026-05-19T14:00:06.75Z"}};
    CHECK(record_of(old).subject.meta.tool_name == "\"pscheduler/ping\"");
    CHECK(record_of(old).ts == 1779199206);
}

TEST_CASE("an archiver's request is unwrapped") {
    const json request{{"data", {{"_url", "https://ma.example.net"}, {"measurement-agent", "192.0.2.9"}}},
                       {"task-href", "https://h/pscheduler/tasks/T"},
                       {"run-href", "https://h/pscheduler/tasks/T/runs/R"},
                       {"attempts", 0},
                       {"last-attempt", nullptr},
                       {"result", run("throughput", ends(), "iperf3", throughput_result())}};
    CHECK(record_of(request).subject.meta.measurement_agent == "\"192.0.2.9\"");
    CHECK(values_of(request).at("pscheduler-run-href") ==
          R"({"href":"https://h/pscheduler/tasks/T/runs/R"})");
    CHECK(values_of(request).at("throughput") == "937000000.0");
    auto by_task = run("throughput", ends(), "iperf3", throughput_result());
    by_task["task"] = {{"test", by_task["test"]}};
    by_task.erase("test");
    CHECK(values_of(by_task).contains("throughput"));
}

TEST_CASE("throughput over TCP") {
    auto document = run("throughput", ends(), "iperf3", throughput_result());
    CHECK(
        values_of(document) ==
        Values{
            {"throughput", "937000000.0"},
            {"packet-retransmits", "9.0"},
            {"throughput-subintervals",
             R"([{"start":0.0,"duration":1.5,"val":900000000.0},{"start":1.5,"duration":1.0,"val":800000000.0}])"},
            {"packet-retransmits-subintervals",
             R"([{"start":0.0,"duration":1.5,"val":9},{"start":1.5,"duration":1.0,"val":8}])"}});
    document["result"]["summary"]["summary"]["rtt"] = 430;
    document["result"]["intervals"][1]["summary"] = {
        {"start", 1}, {"end", 3}, {"rtt", 7}, {"throughput-bits", nullptr}};
    auto values = values_of(document);
    CHECK(values.at("packet-rtt") == "430.0");
    CHECK(values.at("packet-rtt-subintervals") == R"([{"start":1,"duration":2,"val":7}])");
}

TEST_CASE("throughput over UDP tells losses instead of retransmits") {
    auto document = run("throughput", ends(), "iperf3", throughput_result());
    document["test"]["spec"]["udp"] = true;
    const auto values = values_of(document);
    CHECK(values.at("packet-count-sent") == "100.0");
    CHECK(values.at("packet-count-lost") == "1.0");
    CHECK(values.at("packet-loss-rate") == "0.01");
    CHECK_FALSE(values.contains("packet-retransmits"));
    CHECK_FALSE(values.contains("packet-retransmits-subintervals"));
}

TEST_CASE("streams are told by their id, where there are several") {
    const auto stream = [](json id, double bits, json retransmits) {
        return json{{"stream-id", std::move(id)},
                    {"start", 0.0},
                    {"end", 1.0},
                    {"throughput-bits", bits},
                    {"retransmits", std::move(retransmits)}};
    };
    auto result = throughput_result();
    result["intervals"] = json::array({interval(0, 1, 9, {stream(7, 7e8, 0), stream(5, 5e8, 2)})});
    result["summary"]["streams"] = {stream(10, 7e8, 0), stream(5, 5e8, 2)};
    auto document = run("throughput", ends(), "iperf3", result);
    CHECK_FALSE(values_of(document).contains("streams-throughput"));
    document["test"]["spec"]["parallel"] = 2;
    const auto values = values_of(document);
    CHECK(values.at("streams-throughput") == "[500000000.0,700000000.0]");
    CHECK(values.at("streams-packet-retransmits") == "[2]");
    CHECK(
        values.at("streams-throughput-subintervals") ==
        R"([[{"start":0.0,"duration":1.0,"val":500000000.0}],[{"start":0.0,"duration":1.0,"val":700000000.0}]])");
    CHECK(values.at("streams-packet-retransmits-subintervals") ==
          R"([[{"start":0.0,"duration":1.0,"val":2}],[{"start":0.0,"duration":1.0,"val":0}]])");
}

TEST_CASE("latency, in the background or not") {
    const std::string text =
        R"({"schedule":{"start":"2026-05-19T10:01:07-04:00","duration":"P1DT2S"},"test":{"type":"TYPE","spec":{"source":"192.0.2.1",)"
        R"("dest":"2001:db8::2"}},"tool":{"name":"powstream"},"participants":["192.0.2.1"],"result":{"succeeded":true,"packets-sent":600,)"
        R"("packets-received":598,"packets-lost":2,"packets-duplicated":1,"packets-reordered":3,"max-clock-error":0.41237,)"
        R"("histogram-latency":{"12.04":188,"-0.03":410},"histogram-ttl":{"57":598}}})";
    for (const std::string type : {"latency", "latencybg"}) {
        auto document = text;
        document.replace(document.find("TYPE"), 4, type);
        const auto record = read_run_record(document);
        REQUIRE(record);
        CHECK(record->subject.meta.time_duration == "\"86402.0\"");
        Values values;
        for (const auto& value : record->values)
            values.emplace(value.event_type, value.json);
        CHECK(values == Values{{"histogram-owdelay", R"({"12.04":188,"-0.03":410})"},
                               {"histogram-ttl", R"({"57":598})"},
                               {"packet-count-sent", "600.0"},
                               {"packet-count-lost", "2.0"},
                               {"packet-reorders", "3.0"},
                               {"packet-duplicates", "1.0"},
                               {"time-error-estimates", "0.4123"},
                               {"packet-loss-rate", "0.0033333333333333335"}});
    }
}

TEST_CASE("round trips become histograms") {
    const auto values = values_of(run("rtt", ends(), "ping",
                                      {{"succeeded", true},
                                       {"sent", 4},
                                       {"lost", 1},
                                       {"duplicates", 0},
                                       {"reorders", 0},
                                       {"roundtrips",
                                        {{{"seq", 1}, {"ttl", 57}, {"rtt", "PT0.0125S"}},
                                         {{"seq", 2}, {"ttl", 57}, {"rtt", "PT0.0117S"}},
                                         {{"seq", 3}, {"ttl", 60}, {"rtt", "PT0.012504S"}},
                                         {{"seq", 4}, {"error", "net-unreachable"}}}}}));
    CHECK(values == Values{{"packet-count-sent", "4.0"},
                           {"packet-count-lost-bidir", "1.0"},
                           {"packet-duplicates-bidir", "0.0"},
                           {"packet-reorders-bidir", "0.0"},
                           {"histogram-rtt", R"({"12.50":2,"11.70":1})"},
                           {"histogram-ttl-reverse", R"({"57":2,"60":1})"},
                           {"packet-loss-rate-bidir", "0.25"}});
}

TEST_CASE("a trace is its first path, and the smallest MTU on it") {
    const json hops{{{"ip", "192.0.2.1"}, {"rtt", "PT0.0004S"}, {"mtu", 9000}},
                    json::object(),
                    nullptr,
                    {{"ip", "192.0.2.9"},
                     {"hostname", "b.example.net"},
                     {"rtt", "PT0.0117S"},
                     {"mtu", 1500},
                     {"as", {{"number", 64500}, {"owner", "EXAMPLE"}}},
                     {"error", "net-unreachable"}}};
    auto document =
        run("trace", ends(), "traceroute", {{"succeeded", true}, {"paths", {json::array(), hops}}});
    const std::string trace =
        R"([{"ttl":1,"query":1,"success":1,"ip":"192.0.2.1","rtt":0.4,"mtu":9000},)"
        R"({"ttl":2,"query":1,"success":1,"mtu":9000},{"ttl":3,"query":1,"success":1,"mtu":9000},)"
        R"({"ttl":4,"query":1,"success":0,"error-message":"net-unreachable","ip":"192.0.2.9","hostname":"b.example.net",)"
        R"("as":{"number":64500,"owner":"EXAMPLE"},"rtt":11.700000000000001,"mtu":1500}])";
    CHECK(values_of(document) == Values{{"packet-trace", trace}, {"path-mtu", "1500.0"}});
    document["test"]["spec"]["algorithm"] = "paris-traceroute";
    document["test"]["spec"]["probe-type"] = "udp";
    CHECK(values_of(document).at("packet-trace-multi") == "[[]," + trace + "]");
    CHECK(record_of(document).subject.meta.ip_transport_protocol == "\"udp\"");
}

TEST_CASE("all other tests have their complete result") {
    const auto document =
        run("clock", ends(), "psclock", {{"succeeded", true}, {"difference", "PT0.5S"}, {"n", 1.50}});
    CHECK(json::parse(values_of(document).at("pscheduler-raw")) == document["result"]);
    CHECK(record_of(document).subject.meta.subject_type == "\"network-element\"");
    CHECK(record_of(document).subject.meta.destination.empty());
    const auto copy = run("disk-to-disk", {{"source", "ftp://u@a.example.net:21/x"}, {"dest", "/tmp/x"}},
                          "curl", {{"succeeded", true}, {"throughput", 1.5e9}});
    CHECK(values_of(copy).at("throughput") == "1500000000.0");
    CHECK(values_of(copy).contains("pscheduler-raw"));
    CHECK(record_of(copy).subject.meta.source == "\"a.example.net\"");
    auto broken = copy;
    broken["result"] = {{"succeeded", false}, {"error", "curl 28"}, {"time", "PT60S"}};
    CHECK(values_of(broken).at("failures") == R"({"error":"curl 28"})");
    CHECK(json::parse(values_of(broken).at("pscheduler-raw")) == broken["result"]);
    broken["result"] = nullptr; // there is none to keep
    CHECK(values_of(broken).size() == 1);
    CHECK(record_of(copy).subject.meta.destination == "\"192.0.2.1\"");
}

TEST_CASE("a run that failed says why, and nothing else") {
    auto document =
        run("rtt", ends(), "ping", {{"succeeded", false}, {"error", "no \"route\""}, {"sent", 5}});
    CHECK(values_of(document) == Values{{"failures", R"({"error":"no \"route\""})"}});
    document["result"] = nullptr;
    CHECK(json::parse(values_of(document).at("failures"))["error"].get<std::string>().starts_with(
        "The test failed"));
}

TEST_CASE("one value that is none costs no other") {
    const auto record = record_of(run("latency", ends(), "owping",
                                      {{"succeeded", true}, {"packets-sent", "many"}, {"packets-lost", 0}}));
    REQUIRE(record.values.size() == 1);
    CHECK(record.values.front().event_type == "packet-count-lost");
    REQUIRE(record.problems.size() == 2); // its rate, too
    CHECK(record.problems.front().event_type == "packet-count-sent");
    CHECK(record.problems.front().text == "expected a number, got \"many\"");
}

TEST_CASE("what is no result says so") {
    const auto problem = [](const std::string& text) {
        const auto record = read_run_record(text);
        REQUIRE_FALSE(record);
        CHECK(record.error().kind == ErrorKind::protocol);
        return record.error().message;
    };
    using Catch::Matchers::Contains;
    CHECK_THAT(problem("{\"a\":1"), Contains("no JSON"));
    CHECK_THAT(problem("{} {}"), Contains("behind"));
    CHECK_THAT(problem("[1]"), Contains("object"));
    CHECK_THAT(problem("{\"a\":1}"), Contains("test.type"));
    CHECK_THAT(problem(R"({"test":{"type":"rtt"}})"), Contains("schedule.start"));
    CHECK_THAT(problem(R"({"test":{"type":"rtt"},"schedule":{"start":"yesterday"}})"), Contains("yesterday"));
    CHECK_THAT(problem(R"({"test":{"type":"rtt"},"schedule":{"start":"1969-12-31T23:59:59Z"}})"),
               Contains("its start is not between 1970 and 9999: \"1969-12-31T23:59:59Z\""));
    CHECK_THAT(
        problem(
            R"({"test":{"type":"rtt"},"schedule":{"start":"2026-05-19T10:00:05Z"},"participants":["a"]})"),
        Contains("test.spec.dest"));
    CHECK_THAT(problem(std::string(largest_run_document + 1, ' ')), Contains("16.0M"));
}

TEST_CASE("times have zones, fractions are cut off") {
    CHECK(parse_timestamp("2026-05-19T10:00:05-04:00") == 1779199205);
    CHECK(parse_timestamp("2026-05-19T14:00:05Z") == 1779199205);
    CHECK(parse_timestamp("2026-05-19T14:00:05.999999+00:00") == 1779199205);
    CHECK(parse_timestamp("2026-05-19T19:30:05+0530") == 1779199205);
    CHECK(parse_timestamp("2026-05-19T14:00:05") == 1779199205);
    for (const auto* text :
         {"", "2026-05-19", "2026-02-30T00:00:00Z", "2026-05-19T24:00:00Z", "2026-05-19T14:00:05+1",
          "2026-05-19T14:00:05Zx", "+026-05-19T14:00:05Z", "0001-01-01T00:00:00Z"})
        CHECK_FALSE(parse_timestamp(text));
}

TEST_CASE("the identity depends on what is measured, and on nothing else") {
    const auto document = run("throughput", ends(), "iperf3", throughput_result());
    const auto key = [](const json& changed) { return record_of(changed).subject.key; };
    // sha256(json.dumps({"destination":"192.0.2.2",…,"test-spec":"{\"dest\":\"192.0.2.2\",\"source\":\"192.0.2.1\"}",…}))
    CHECK(key(document) == "05ef40fa0a0d7e2f8e344174f426ab9f");

    auto later = document;
    later["id"] = "another";
    later["schedule"]["start"] = "2026-05-20T10:00:05-04:00";
    later["result"] = nullptr;
    later["run"] = {{"href", "https://a/runs/R"}};
    later["test"]["spec"]["_key"] = "secret";
    CHECK(key(later) == key(document));
    for (const auto* member : {"dest", "bandwidth"}) {
        auto other = document;
        other["test"]["spec"][member] = "192.0.2.3";
        CHECK(key(other) != key(document));
    }
    auto other = document;
    other["tool"]["name"] = "iperf2";
    CHECK(key(other) != key(document));
    other = document;
    other["participants"][0] = "192.0.2.8";
    CHECK(key(other) != key(document));
}
