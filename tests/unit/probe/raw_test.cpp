#include "lib/format/raw.hpp"
#include "lib/json.hpp"
#include "probe/fetch/metadata.hpp"
#include "probe/fetch/points.hpp"
#include "tests/unit/probe/padded.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace meshprobe;

namespace {

constexpr std::chrono::system_clock::time_point published{std::chrono::microseconds(1700000100'000042)};

MetadataEntry entry() {
    MetadataEntry made;
    made.key = "0f..e1";
    made.meta.subject_type = "\"point-to-point\"";
    made.meta.source = "\"192.0.2.1\"";
    made.meta.destination = "\"192.0.2.2\"";
    made.meta.tool_name = "\"pscheduler/powstream\"";
    made.meta.measurement_agent = "\"192.0.2.1\"";
    made.meta.input_source = "\"a.example.net\"";
    made.meta.input_destination = "\"b.example.net\"";
    return made;
}

std::string body(const MetadataEntry& entry, std::string_view event_type, std::string_view page) {
    const Padded padded(page);
    PointReader reader;
    std::string text = "what the last message left";
    RawFormat(entry, event_type).write(text, reader.read(padded.view()), published);
    return text;
}

} // namespace

TEST_CASE("a message is what the collectors before us sent") {
    auto made = entry();
    made.meta.time_duration = "\"60.0\"";
    made.meta.ip_transport_protocol = "\"udp\"";
    CHECK(
        body(made, "histogram-owdelay",
             R"([{"ts":1700000000,"val":{"34.50": 12,"-0.28":1}},{"ts":1700000060,"val":{}}])") ==
        R"({"meta":{"subject_type":"point-to-point","source":"192.0.2.1","destination":"192.0.2.2","tool_name":"pscheduler/powstream",)"
        R"("measurement_agent":"192.0.2.1","input_source":"a.example.net","input_destination":"b.example.net","time_duration":"60.0",)"
        R"("ip_transport_protocol":"udp","org_metadata_key":"0f..e1","rsv-timestamp":"1700000100.000042","event-type":"histogram-owdelay",)"
        R"("summaries":0,"ts_start":1700000000},"version":2,"datapoints":{"1700000000":{"34.50": 12,"-0.28":1},"1700000060":{}}})");
}

TEST_CASE("what the archive does not have is null, or absent where it always was") {
    MetadataEntry bare;
    bare.key = "k";
    CHECK(
        body(bare, "throughput", R"([{"ts":5,"val":7.1e9}])") ==
        R"({"meta":{"subject_type":null,"source":null,"destination":null,"tool_name":null,"measurement_agent":null,"input_source":null,)"
        R"("input_destination":null,"org_metadata_key":"k","rsv-timestamp":"1700000100.000042","event-type":"throughput","summaries":0,)"
        R"("ts_start":5},"version":2,"datapoints":{"5":7.1e9}})");
}

TEST_CASE("bodies are one line of ASCII that means the same") {
    const std::string page = "[{\"ts\":1,\"val\":[\n\t{\"as\":{\"owner\":\"Zürich 💡\", \"number\":559},\r\n "
                             "\"rtt\":1.50}\n]},{\"ts\":2,\"val\":\"\\n\"}]";
    const auto text = body(entry(), "packet-trace", page);
    for (const char c : text) {
        CHECK(c >= ' ');
        CHECK(c <= '~');
    }
    const auto message = nlohmann::json::parse(text);
    CHECK(message["datapoints"]["1"] == nlohmann::json::parse(page)[0]["val"]);
    CHECK(message["datapoints"]["2"] == "\n");
    CHECK(text.find("1.50") != std::string::npos);
}

TEST_CASE("a full message holds its points in ascending order") {
    std::string page = "[";
    for (unsigned i = 0; i < RawFormat::max_points; ++i)
        page += "{\"ts\":" + std::to_string(1000 - i) + ",\"val\":" + std::to_string(i) + "},";
    page.back() = ']';
    const auto message = nlohmann::ordered_json::parse(body(entry(), "throughput", page));
    CHECK(message["meta"]["ts_start"] == 801);
    CHECK(message["datapoints"].size() == 200);
    std::int64_t last = 0;
    for (const auto& [ts, value] : message["datapoints"].items()) {
        CHECK(std::stoll(ts) > last);
        last = std::stoll(ts);
        CHECK(value == 1000 - last);
    }
}

TEST_CASE("what limits flagged says so at the end of its meta, and nothing else changes") {
    const std::vector<Point> points{{5, {"1", true}}};
    std::string plain;
    std::string flagged;
    const RawFormat format(entry(), "throughput");
    format.write(plain, points, published);
    format.write(flagged, points, published);
    format.add_limits(flagged, R"(["old","odd"])");
    const std::string before = R"("ts_start":5)";
    const auto at = plain.find(before) + before.size();
    CHECK(flagged == plain.substr(0, at) + R"(,"limits":["old","odd"])" + plain.substr(at));
}
