// What a program picks from a document, with as little said as possible and with everything.
#include "lib/json_text/json_cursor.hpp"
#include "lib/record/identity.hpp"
#include "probe/fetch/http_source.hpp"
#include "probe/fetch/picked_record.hpp"
#include "tests/unit/probe/padded.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace meshprobe;

namespace {

Result<RunRecord> read(std::string_view json, std::string_view host = "ps.example.org") {
    const Padded padded(json);
    JsonCursor cursor(padded.view());
    const auto value = cursor.value();
    REQUIRE(value);
    return read_picked_record(*value, host);
}

std::string why_not(std::string_view json) {
    const auto record = read(json);
    if (record) return "it is one";
    CHECK(record.error().kind == ErrorKind::protocol);
    return record.error().message;
}

} // namespace

TEST_CASE("a record needs an event type, a time and a value") {
    const auto record = read(R"({"event-type":"room-temperature","ts":1700000000,"val":21.5})");
    REQUIRE(record);
    CHECK(record->ts == 1700000000);
    REQUIRE(record->values.size() == 1);
    CHECK(record->values[0].event_type == "room-temperature");
    CHECK(record->values[0].json == "21.5");
    const auto& meta = record->subject.meta;
    CHECK(meta.source == R"("ps.example.org")");
    CHECK(meta.input_source == R"("ps.example.org")");
    CHECK(meta.measurement_agent == R"("ps.example.org")");
    CHECK(meta.destination.empty());
    CHECK(meta.subject_type == R"("network-element")");
    CHECK(record->subject.key == subject_identity(meta, {}));
}

TEST_CASE("what a record says of its subject counts") {
    const auto record = read(
        R"({"event-type":"throughput","ts":5,"val":{"ü":1},"source":"a","destination":"b","input-source":"c",)"
        R"("tool-name":"iperf3","time-duration":30,"metadata-key":"x.y_z-1","subject-type":"s",)"
        R"("measurement-agent":"m","pscheduler-test-type":"throughput","ip-transport-protocol":"udp","more":1})");
    REQUIRE(record);
    const auto& meta = record->subject.meta;
    CHECK(record->subject.key == "x.y_z-1");
    CHECK(meta.source == R"("a")");
    CHECK(meta.destination == R"("b")");
    CHECK(meta.input_source == R"("c")");
    CHECK(meta.input_destination == R"("b")");
    CHECK(meta.measurement_agent == R"("m")");
    CHECK(meta.tool_name == R"("iperf3")");
    CHECK(meta.time_duration == "30");
    CHECK(meta.test_type == R"("throughput")");
    CHECK(meta.ip_transport_protocol == R"("udp")");
    CHECK(meta.subject_type == R"("s")");
    CHECK(record->values[0].json == R"({"\u00fc":1})");
}

TEST_CASE("a subject is the same whatever its results, and another with another end") {
    const auto one = read(R"({"event-type":"a","ts":1,"val":1,"destination":"b"})");
    const auto same = read(R"({"event-type":"c","ts":2,"val":3,"destination":"b"})");
    const auto other = read(R"({"event-type":"a","ts":1,"val":1,"destination":"c"})");
    REQUIRE((one && same && other));
    CHECK(one->subject.key == same->subject.key);
    CHECK(one->subject.key != other->subject.key);
    CHECK(one->subject.meta.subject_type == R"("point-to-point")");
}

TEST_CASE("times are seconds or texts") {
    const std::vector<std::pair<std::string_view, Timestamp>> times{
        {"1700000000", 1700000000},
        {"1700000000.9", 1700000000},
        {R"("1700000000")", 1700000000},
        {R"("2026-05-19T14:00:05Z")", 1779199205},
        {R"("2026-05-19T10:00:05.25-04:00")", 1779199205}};
    for (const auto& [json, ts] : times) {
        CAPTURE(json);
        const auto record = read(R"({"event-type":"a","val":1,"ts":)" + std::string(json) + "}");
        REQUIRE(record);
        CHECK(record->ts == ts);
    }
}

TEST_CASE("a record that is none says why") {
    const std::vector<std::pair<std::string_view, std::string_view>> wrong{
        {"5", "it is no object"},
        {"[]", "it is no object"},
        {R"({"ts":1,"val":1})", "it has no event-type"},
        {R"({"event-type":7,"ts":1,"val":1})", "it has no event-type"},
        {R"({"event-type":"","ts":1,"val":1})", "its event-type is no name"},
        {R"({"event-type":"a b","ts":1,"val":1})", "its event-type is no name"},
        {R"({"event-type":"a/average/300","ts":1,"val":1})", "its event-type is no name"},
        {R"({"event-type":"a","val":1})", "it has no ts"},
        {R"({"event-type":"a","ts":null,"val":1})", "it has no ts"},
        {R"({"event-type":"a","ts":0,"val":1})", "its ts is no time"},
        {R"({"event-type":"a","ts":-5,"val":1})", "its ts is no time"},
        {R"({"event-type":"a","ts":"noon","val":1})", "its ts is no time"},
        {R"({"event-type":"a","ts":1e300,"val":1})", "its ts is no time"},
        {R"({"event-type":"a","ts":1})", "it has no val"},
        {R"({"event-type":"a","ts":1,"val":null})", "it has no val"},
        {R"({"event-type":"a","ts":1,"val":1,"source":5})", "its source is no text"},
        {R"({"event-type":"a","ts":1,"val":1,"time-duration":[]})", "its time-duration is no text"},
        {R"({"event-type":"a","ts":1,"val":1,"metadata-key":"a b"})", "its metadata-key is no name"},
        {R"({"event-type":"a","ts":1,"val":1,"metadata-key":7})", "its metadata-key is no name"}};
    for (const auto& [json, message] : wrong) {
        CAPTURE(json);
        CHECK_THAT(why_not(json), Catch::Contains(std::string(message)));
    }
    const std::string long_name(2000, 'a');
    CHECK(why_not(R"({"event-type":"a","ts":1,"val":1,"source":")" + long_name + "\"}") ==
          "its source is no text");
    CHECK_THAT(why_not(R"({"event-type":")" + long_name + R"(","ts":1,"val":1})"),
               Catch::Contains("no name"));
}

TEST_CASE("the address of a document may name the host, with its port") {
    CHECK(document_address("https://{host}/a/{host}", "h:8443") == "https://h:8443/a/h:8443");
    CHECK(document_address("https://{host}/", "{host}") == "https://{host}/");
    CHECK(document_address("https://x/", "h") == "https://x/");
}
