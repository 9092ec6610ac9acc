// Formats that are documents of runs, read again as such documents are: what was written comes back, as far
// as meshprobe-formats(5) promises it.
#include "lib/format/format.hpp"
#include "lib/json.hpp"
#include "lib/pscheduler/opensearch_record.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

using namespace meshprobe;
using nlohmann::json;

namespace {

constexpr std::chrono::system_clock::time_point written_at{std::chrono::microseconds(1779199300'000042)};

struct Example {
    std::string test;
    std::string spec;
    std::string tool;
    std::string result;
};

const std::string ends = R"("source":"192.0.2.1","dest":"2001:db8::2")";

const std::vector<Example> examples{
    {"throughput", "{" + ends + R"(,"parallel":2})", "iperf3",
     R"({"succeeded":true,"summary":{"summary":{"throughput-bits":9e8,"retransmits":1,"rtt":412,"tcp-window-size":5},)"
     R"("streams":[{"stream-id":5,"throughput-bits":1.5,"retransmits":2,"rtt":4,"tcp-window-size":6},)"
     R"({"stream-id":7,"throughput-bits":2,"retransmits":0,"rtt":5,"tcp-window-size":7}]},)"
     R"("intervals":[{"summary":{"start":0,"end":1,"throughput-bits":9e8,"retransmits":3,"rtt":4,"tcp-window-size":5},)"
     R"("streams":[{"stream-id":5,"start":0,"end":1.1,"throughput-bits":1.0,"retransmits":2,"rtt":4,"tcp-window-size":6},)"
     R"({"stream-id":7,"start":0,"end":1.1,"throughput-bits":2}]},)"
     R"({"summary":{"start":1.1,"end":1.3,"throughput-bits":8.5e8,"retransmits":0},)"
     R"("streams":[{"stream-id":5,"start":1.1,"end":1.3,"throughput-bits":3}]}]})"},
    {"throughput", "{" + ends + R"(,"udp":true})", "iperf3",
     R"({"succeeded":true,"summary":{"summary":{"throughput-bits":9e8,"sent":1000,"lost":1}},)"
     R"("intervals":[{"summary":{"start":0.0,"end":0.1,"throughput-bits":9e8}}]})"},
    {"latencybg", "{" + ends + "}", "powstream",
     R"({"succeeded":true,"packets-sent":600,"packets-received":598,"packets-lost":2,"packets-duplicated":1,)"
     R"("packets-reordered":3,"max-clock-error":0.0029,"histogram-latency":{"12.04":188,"-0.03":410},)"
     R"("histogram-ttl":{"57":590,"9":8}})"},
    {"latency", "{" + ends + "}", "owping",
     R"({"succeeded":true,"packets-sent":10,"packets-lost":0,"max-clock-error":0.0005})"},
    {"rtt", "{" + ends + "}", "ping",
     R"({"succeeded":true,"sent":4,"received":3,"lost":1,"loss":0.25,"duplicates":0,"reorders":2,"roundtrips":[)"
     R"({"seq":1,"ttl":57,"rtt":"PT0.0125S"},{"seq":2,"ttl":57,"rtt":"PT0.0117S"},{"seq":3,"ttl":60,"rtt":"PT0.012504S"}]})"},
    {"trace", "{" + ends + R"(,"probe-type":"udp","algorithm":"paris-traceroute"})", "paris-traceroute",
     R"({"succeeded":true,"paths":[[{"ip":"192.0.2.1","rtt":"PT0.0004S","mtu":9000},{},)"
     R"({"ip":"192.0.2.9","hostname":"b.example.net","rtt":"PT0.0117S","mtu":1500,"as":{"number":64500,"owner":"E"},)"
     R"("error":"net-unreachable"}],[{"ip":"192.0.2.7"}]]})"},
    {"disk-to-disk", R"({"source":"https://a.example.net/x","dest":"file:///y"})", "curl",
     R"({"succeeded":true,"throughput":12345,"time":"PT5S"})"},
    {"disk-to-disk", R"({"source":"https://a.example.net/x","dest":"file:///y"})", "curl",
     R"({"succeeded":false,"error":"curl 28","time":"PT60S"})"},
    {"clock", R"({"source":"192.0.2.1","dest":"192.0.2.2"})", "psclock",
     R"({"succeeded":true,"difference":"PT0.5S","n":1.5})"},
    {"rtt", "{" + ends + "}", "ping", R"({"succeeded":false,"error":"no \"route\" \u00fc"})"},
};

std::string run_document_of(const Example& example) {
    return R"({"schedule":{"start":"2026-05-19T10:00:05-04:00","duration":"PT17S"},"test":{"type":")" +
           example.test + R"(","spec":)" + example.spec + R"(},"tool":{"name":")" + example.tool +
           R"("},"participants":["192.0.2.1"],"run":{"href":"https://192.0.2.1/pscheduler/tasks/T/runs/R"},"result":)" +
           example.result + "}";
}

RunRecord record_of(const std::string& document) {
    auto record = read_run_record(document);
    INFO((record ? "" : record.error().message));
    REQUIRE(record);
    REQUIRE(record->problems.empty());
    return std::move(*record);
}

RunRecord read_again(const std::string& format, const std::string& body) {
    if (format == "pscheduler") return record_of(body);
    auto record = read_archived_run(json::parse(body));
    INFO((record ? "" : record.error().message));
    REQUIRE(record);
    return std::move(*record);
}

std::string written(const std::string& format, const RunRecord& record, const EventValue& value) {
    std::string body;
    const std::string padded = value.json + std::string(16, '9');
    const Point point{record.ts, {std::string_view(padded).substr(0, value.json.size()), true}};
    make_format(format, record.subject, value.event_type)->write(body, {&point, 1}, written_at);
    CAPTURE(body);
    REQUIRE(json::accept(body));
    return body;
}

std::map<std::string, std::string> values_of(const RunRecord& record) {
    std::map<std::string, std::string> values;
    for (const auto& value : record.values)
        values.emplace(value.event_type, value.json);
    return values;
}

void check_same_subject(const SeriesSubject& a, const SeriesSubject& b) {
    CHECK(a.meta.subject_type == b.meta.subject_type);
    CHECK(a.meta.source == b.meta.source);
    CHECK(a.meta.destination == b.meta.destination);
    CHECK(a.meta.tool_name == b.meta.tool_name);
    CHECK(a.meta.measurement_agent == b.meta.measurement_agent);
    CHECK(a.meta.input_source == b.meta.input_source);
    CHECK(a.meta.input_destination == b.meta.input_destination);
    CHECK(a.meta.test_type == b.meta.test_type);
    CHECK(a.meta.time_duration == b.meta.time_duration);
    CHECK(a.meta.ip_transport_protocol == b.meta.ip_transport_protocol);
}

/// What a document of one event type is read as beside it.
bool may_come_along(const std::string& event_type, const std::string& other) {
    return (event_type == "packet-trace-multi" && other == "packet-trace") ||
           (event_type.starts_with("packet-trace") && other == "path-mtu") ||
           (event_type == "pscheduler-raw" && (other == "throughput" || other == "failures"));
}

} // namespace

TEST_CASE("what a format writes about an event type is read as that, and as nothing else") {
    // TEST EVENT-TYPE that the documents have no place for, by the manual.
    const std::map<std::string, std::set<std::string>> lost{
        {"pscheduler",
         {"throughput packet-loss-rate", "latencybg packet-loss-rate", "latency packet-loss-rate",
          "trace path-mtu"}},
        {"opensearch", {"throughput packet-loss-rate", "throughput tcp-windowsize"}}};
    for (const auto& [format, has_no_place] : lost) {
        for (const auto& example : examples) {
            const auto record = record_of(run_document_of(example));
            REQUIRE(record.values.size() >= 2);
            for (const auto& value : record.values) {
                const auto body = written(format, record, value);
                CAPTURE(format, example.test, value.event_type, value.json, body);
                const auto again = read_again(format, body);
                CHECK(again.ts == record.ts);
                check_same_subject(again.subject, record.subject);
                if (format == "opensearch") CHECK(again.subject.key == record.subject.key);
                auto values = values_of(again);
                if (has_no_place.contains(example.test + ' ' + value.event_type)) {
                    CHECK(values.empty());
                    continue;
                }
                REQUIRE(values.contains(value.event_type));
                CHECK(json::parse(values.at(value.event_type)) == json::parse(value.json));
                values.erase(value.event_type);
                const auto known = values_of(record);
                for (const auto& [other, text] : values) {
                    CAPTURE(other, text);
                    const bool is_partial = example.test == "disk-to-disk" || example.test == "clock";
                    if (is_partial && other == "pscheduler-raw") continue;
                    CHECK(may_come_along(value.event_type, other));
                    CHECK(known.at(other) == text);
                }
            }
        }
    }
}

TEST_CASE("what has no place in the result stands under its own name") {
    const auto record = record_of(run_document_of(examples[1]));
    for (const std::string format : {"pscheduler", "opensearch"}) {
        const auto result = json::parse(written(format, record, {"packet-loss-rate", "0.001"}))["result"];
        CHECK(result == json{{"succeeded", true}, {"packet-loss-rate", 0.001}});
        const auto odd = json::parse(written(format, record, {"throughput-subintervals", "5"}))["result"];
        CHECK(odd == json{{"succeeded", true}, {"throughput-subintervals", 5}});
    }
}

TEST_CASE("round trips are written out one by one as long as they are few") {
    const auto record = record_of(run_document_of(examples[4]));
    for (const std::string format : {"pscheduler", "opensearch"}) {
        const std::string many = R"({"1.00":9999,"2.00":2})";
        const auto result = json::parse(written(format, record, {"histogram-rtt", many}))["result"];
        CHECK(result["histogram-rtt"] == json::parse(many));
        CHECK(json::parse(written(format, record, {"histogram-rtt", R"({"1.00":10000})"}))["result"]
                  .dump()
                  .size() > 100'000);
    }
}
