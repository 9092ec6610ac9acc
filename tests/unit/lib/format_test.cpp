// A body of each format: the manual page shows the same.
#include "lib/format/body_time.hpp"
#include "lib/format/format.hpp"
#include "lib/format/histogram.hpp"
#include "lib/json.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

using namespace meshprobe;
using nlohmann::json;

namespace {

constexpr std::chrono::system_clock::time_point published{std::chrono::microseconds(1779199300'000042)};

SeriesSubject subject() {
    return {"0f3a",
            {.subject_type = "\"point-to-point\"",
             .source = "\"192.0.2.1\"",
             .destination = "\"192.0.2.2\"",
             .tool_name = "\"pscheduler/powstream\"",
             .measurement_agent = "\"192.0.2.1\"",
             .input_source = "\"a.example.net\"",
             .input_destination = "\"b.example.net\"",
             .test_type = "\"latencybg\"",
             .time_duration = "\"60.0\"",
             .ip_transport_protocol = {}}};
}

/// Points with the bytes behind them that formats may read.
class Points {
  public:
    Points(std::initializer_list<std::pair<Timestamp, std::string_view>> values) {
        for (const auto& [ts, text] : values) {
            const auto& kept = texts_.emplace_back(std::string(text) + std::string(16, '9'));
            const bool is_ascii =
                std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
            points_.push_back({ts, {std::string_view(kept).substr(0, text.size()), is_ascii}});
        }
    }
    [[nodiscard]] const std::vector<Point>& all() const { return points_; }

  private:
    std::deque<std::string> texts_;
    std::vector<Point> points_;
};

std::string body(std::string_view format, std::string_view event_type, const Points& points,
                 const SeriesSubject& about = subject()) {
    std::string text = "what the last message left";
    make_format(format, about, event_type)->write(text, points.all(), published);
    return text;
}

json document(std::string_view format, std::string_view event_type, std::string_view value,
              const SeriesSubject& about = subject()) {
    return json::parse(body(format, event_type, {{1779199205, value}}, about));
}

} // namespace

TEST_CASE("there is a format of each name, and no other") {
    for (const auto name : format_names)
        CHECK(make_format(name, subject(), "throughput") != nullptr);
    CHECK(make_format("xml", subject(), "throughput") == nullptr);
}

TEST_CASE("esmond: metadata to post, points to put") {
    CHECK(
        body("esmond", "packet-count-sent", {{1779199205, "600.0"}, {1779199265, "599.0"}}) ==
        R"({"metadata":{"subject-type":"point-to-point","source":"192.0.2.1","destination":"192.0.2.2",)"
        R"("measurement-agent":"192.0.2.1","tool-name":"pscheduler/powstream","input-source":"a.example.net",)"
        R"("input-destination":"b.example.net","time-duration":"60.0","pscheduler-test-type":"latencybg",)"
        R"("event-types":[{"event-type":"packet-count-sent"}]},"org-metadata-key":"0f3a","data":[)"
        R"({"ts":1779199205,"val":[{"event-type":"packet-count-sent","val":600.0}]},)"
        R"({"ts":1779199265,"val":[{"event-type":"packet-count-sent","val":599.0}]}]})");
}

TEST_CASE("esmond: ratios are fractions that give the same ratio") {
    const auto fraction = [](std::string_view ratio) {
        return document("esmond", "packet-loss-rate", ratio)["data"][0]["val"][0]["val"];
    };
    CHECK(fraction("0.0033333333333333335") == json{{"numerator", 1}, {"denominator", 300}});
    CHECK(fraction("0.0") == json{{"numerator", 0}, {"denominator", 1}});
    CHECK(fraction("1") == json{{"numerator", 1}, {"denominator", 1}});
    for (const int sent : {7, 599, 600, 65537, 1000003}) {
        const double ratio = 3.0 / sent;
        const auto value = fraction(json(ratio).dump());
        CHECK(value["numerator"].get<double>() / value["denominator"].get<double>() == ratio);
    }
    CHECK(fraction("0.12345678901234567")["denominator"] <= 1'000'000'000);
    CHECK(fraction("\"odd\"") == "odd");
}

TEST_CASE("pscheduler: a run document for each point") {
    CHECK(
        body("pscheduler", "histogram-owdelay", {{1779199205, R"({"12.03":410,"12.04":188})"}}) ==
        R"({"id":"8884140c-73b4-85da-83a0-94dfcb3a2911","schedule":{"start":"2026-05-19T14:00:05Z","duration":"PT60S"},"test":{"type":"latencybg",)"
        R"("spec":{"source":"a.example.net","dest":"b.example.net"}},"tool":{"name":"powstream"},)"
        R"("participants":["192.0.2.1"],"result":{"succeeded":true,"histogram-latency":{"12.03":410,"12.04":188}},)"
        R"("reference":{"org-metadata-key":"0f3a"}})");
    const auto result = [](std::string_view event_type, std::string_view value,
                           std::string_view test = "\"latencybg\"") {
        auto about = subject();
        about.meta.test_type = test;
        return document("pscheduler", event_type, value, about)["result"];
    };
    CHECK(result("packet-count-sent", "600.0")["packets-sent"] == 600);
    CHECK(result("packet-count-sent", "600.0", "\"rtt\"")["sent"] == 600);
    CHECK(result("packet-count-sent", "600.0", "\"throughput\"")["summary"]["summary"]["sent"] == 600);
    CHECK(result("throughput", "7.1e9", "")["summary"]["summary"]["throughput-bits"] == 7100000000);
    CHECK(result("time-error-estimates", "0.41")["max-clock-error"] == 0.41);
    CHECK(result("packet-loss-rate", "0.5")["packet-loss-rate"] == 0.5);
    CHECK(result("failures", R"({"error":"no \"route\""})") ==
          json{{"succeeded", false}, {"error", "no \"route\""}});
    CHECK(result("throughput-subintervals", R"([{"start":1,"duration":1.5,"val":9e8}])")["intervals"] ==
          json::parse(R"([{"summary":{"start":1.0,"end":2.5,"throughput-bits":900000000}}])"));
    CHECK(
        result("packet-trace", R"([{"ttl":1,"query":1,"success":1,"ip":"192.0.2.1","rtt":0.4,"mtu":1500},)"
                               R"({"ttl":2,"success":0,"error-message":"net-unreachable"}])")["paths"] ==
        json::parse(R"([[{"ip":"192.0.2.1","mtu":1500,"rtt":"PT0.000400S"},{"error":"net-unreachable"}]])"));
}

TEST_CASE("times far ahead are times, too") {
    for (const auto* format : {"pscheduler", "opensearch"})
        CHECK_THAT(body(format, "throughput", {{latest_timestamp, "1"}}),
                   Catch::Matchers::Contains("9999-12-31T23:59:59Z"));
}

TEST_CASE("pscheduler: the same point has the same id each time, another one another") {
    const auto id = [](Timestamp ts) {
        return json::parse(body("pscheduler", "throughput", {{ts, "1"}}))["id"].get<std::string>();
    };
    CHECK(id(5) == id(5));
    CHECK(id(5) != id(6));
    CHECK(id(5).size() == 36);
}

TEST_CASE("opensearch: a document for each point, histograms with their statistics") {
    const auto made = document("opensearch", "histogram-owdelay", R"({"11.5":1,"10.5":2,"12.5":1})");
    CHECK(made["@timestamp"] == "2026-05-19T14:01:40Z");
    CHECK(made["pscheduler"] ==
          json::parse(R"({"start_time":"2026-05-19T14:00:05Z","duration":60.0,"tool":"powstream",)"
                      R"("test_checksum":"0f3a","participants":["192.0.2.1"]})"));
    CHECK(made["test"] ==
          json::parse(R"({"type":"latencybg","spec":{"source":"a.example.net","dest":"b.example.net"}})"));
    CHECK(made["meta"] ==
          json::parse(
              R"({"source":{"ip":"192.0.2.1","hostname":"a.example.net"},"destination":{"ip":"192.0.2.2",)"
              R"("hostname":"b.example.net"},"observer":{"ip":"192.0.2.1"},"ip_version":4})"));
    CHECK(made["event_type"] == "histogram-owdelay");
    CHECK(made["result"]["latency"] ==
          json::parse(
              R"({"min":10.5,"max":12.5,"mean":11.25,"median":11.0,"mode":[10.5],"p_25":10.5,"p_75":12.25,)"
              R"("p_95":12.5,"stddev":0.82915619758885,"variance":0.6875,)"
              R"("histogram":{"values":[10.5,11.5,12.5],"counts":[2,1,1]}})"));
    CHECK(document("opensearch", "histogram-rtt", R"({"12.50":1})")["result"] ==
          json::parse(R"({"succeeded":true,"rtt":{"min":0.0125,"max":0.0125,"mean":0.0125,"stddev":0.0},)"
                      R"("packets":{"json":[{"seq":1,"rtt":"PT0.012500S"}]}})"));
    CHECK(document("opensearch", "packet-loss-rate", "0.5")["result"] ==
          json::parse(R"({"succeeded":true,"packets":{"loss":0.5}})"));
    CHECK(document("opensearch", "failures", R"({"error":"x"})")["result"] ==
          json::parse(R"({"succeeded":false,"error":"x"})"));
    const auto trace = document(
        "opensearch", "packet-trace",
        R"([{"ttl":1,"success":1,"ip":"192.0.2.1","as":{"number":64500,"owner":"E"}},{"ttl":2,"success":0}])");
    CHECK(trace["result"] ==
          json::parse(R"({"succeeded":true,"hop":{"count":2,"success_count":1,"error_count":1,)"
                      R"("ip":["192.0.2.1"],"as_number":[64500],"as_organization":["E"]},)"
                      R"("json":[[{"ip":"192.0.2.1","as":{"number":64500,"owner":"E"}},{}]]})"));
}

TEST_CASE("opensearch: a name is no address") {
    auto about = subject();
    about.meta.source = about.meta.input_source;
    about.meta.destination.clear();
    const auto meta = document("opensearch", "throughput", "1", about)["meta"];
    CHECK(meta == json::parse(R"({"source":{"hostname":"a.example.net"},"observer":{"ip":"192.0.2.1"}})"));
}

TEST_CASE("lines: InfluxDB's line protocol") {
    const std::string tags =
        ",destination=192.0.2.2,input_destination=b.example.net,input_source=a.example.net,"
        "measurement_agent=192.0.2.1,metadata_key=0f3a,source=192.0.2.1,test_type=latencybg,"
        "tool_name=pscheduler/powstream ";
    CHECK(body("lines", "packet-count-sent", {{1779199205, "600"}}) ==
          "packet-count-sent" + tags + "value=600.0 1779199205000000000");
    CHECK(body("lines", "histogram-owdelay", {{1779199205, R"({"11.5":1,"10.5":2,"12.5":1})"}}) ==
          "histogram-owdelay" + tags +
              "count=4.0,min=10.5,max=12.5,mean=11.25,median=11.0,p25=10.5,p75=12.25,p95=12.5,stddev=0."
              "82915619758885 "
              "1779199205000000000");
    CHECK(body("lines", "failures", {{1779199205, R"({"error":"a \"b\""})"}}) ==
          "failures" + tags + R"(json="{\"error\":\"a \\\"b\\\"\"}" 1779199205000000000)");
    auto about = subject();
    about.meta = {};
    about.meta.source = R"("a b,c=d\\\nü")";
    CHECK(body("lines", "throughput", {{5, "1"}}, about) ==
          R"(throughput,metadata_key=0f3a,source=a\ b\,c\=d\\?ü,test_type=throughput value=1.0 5000000000)");
}

TEST_CASE("every body tells when its points were measured") {
    for (const auto format : format_names) {
        CAPTURE(format);
        CHECK(oldest_time(format, body(format, "failures",
                                       {{1779199205, R"({"error":"\"ts_start\":5"})"}})) == 1779199205);
        CHECK(newest_time(format, body(format, "failures",
                                       {{1779199205, R"({"error":"\"ts_start\":5,{"})"}})) == 1779199205);
        CHECK_FALSE(newest_time(format, "{}"));
        CHECK_FALSE(oldest_time(format, "{}"));
        CHECK_FALSE(oldest_time(format, ""));
    }
    CHECK_FALSE(oldest_time("raw+t", body("raw", "throughput", {{5, "1"}})));
    const Points points{{5, R"({"7":1,"8":[2,{"9":"},\"]"}]})"}, {6, R"([{"10":1},2])"}};
    for (const auto format : {"raw", "esmond"}) {
        CAPTURE(format);
        CHECK(oldest_time(format, body(format, "histogram-rtt", points)) == 5);
        CHECK(newest_time(format, body(format, "histogram-rtt", points)) == 6);
    }
}

TEST_CASE("percentiles follow the rule of pScheduler") {
    const Points points{{1, R"({"1":1,"2":1,"3":1,"4":1,"5":0})"}};
    const auto histogram = Histogram::read(points.all().front().value);
    REQUIRE(histogram);
    CHECK(histogram->percentile(25) == 1.25);
    CHECK(histogram->percentile(50) == 2.5);
    CHECK(histogram->percentile(95) == 4);
    CHECK(histogram->percentile(1) == 1);
    CHECK(histogram->modes() == std::vector<double>{1, 2, 3, 4});
    CHECK_FALSE(Histogram::read(Points{{1, "{}"}}.all().front().value));
    CHECK_FALSE(Histogram::read(Points{{1, "{\"x\":1}"}}.all().front().value));
    CHECK_FALSE(Histogram::read(Points{{1, "5"}}.all().front().value));
}

TEST_CASE("raw: summaries are messages of their own kind") {
    const Points points{{1779148800, "0.5"}, {1779152400, R"({"mean": "ü"})"}};
    auto text = body("raw", "packet-loss-rate/aggregation/3600", points);
    const std::string head =
        R"({"meta":{"subject_type":"point-to-point","source":"192.0.2.1","destination":"192.0.2.2",)"
        R"("tool_name":"pscheduler/powstream","measurement_agent":"192.0.2.1","input_source":"a.example.net",)"
        R"("input_destination":"b.example.net","time_duration":"60.0","org_metadata_key":"0f3a",)"
        R"("rsv-timestamp":"1779199300.000042","event-type":"packet-loss-rate","summaries":1)";
    const std::string rest =
        R"(},"version":2,"summaries":[{"event_type":"packet-loss-rate","summary_type":"aggregation",)"
        R"("summary_window":"3600","summary_data":[[1779148800,0.5],[1779152400,{"mean": "\u00fc"}]]}]})";
    CHECK(text == head + rest);
    CHECK(oldest_time("raw", text) == 1779148800);
    CHECK(newest_time("raw", text) == 1779152400);
    make_format("raw", subject(), "packet-loss-rate/aggregation/3600")->add_limits(text, R"(["a"])");
    CHECK(text == head + R"(,"limits":["a"])" + rest);
}

TEST_CASE("lines: summaries are measurements of their own, statistics have fields") {
    const auto text =
        body("lines", "histogram-owdelay/statistics/300",
             {{1779148800, R"({"minimum":1,"maximum":"2.5","mean":1.5,"mode":[1],"percentile-95":2,)"
                           R"("standard-deviation":0.5,"median":null})"}});
    CHECK(text.starts_with("histogram-owdelay/statistics/300,destination="));
    CHECK(text.ends_with(",tool_name=pscheduler/powstream "
                         "min=1.0,max=2.5,mean=1.5,p95=2.0,stddev=0.5 1779148800000000000"));
}

TEST_CASE("formats that are about one run have none for summaries") {
    for (const auto format : format_names) {
        CAPTURE(format);
        const bool is_made = make_format(format, subject(), "throughput/average/86400") != nullptr;
        CHECK(is_made == takes_summaries(format));
        CHECK(is_made == (format == "raw" || format == "lines"));
    }
}
