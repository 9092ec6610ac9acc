#include "probe/fetch/metadata.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <sstream>
#include <string>
#include <vector>

using namespace meshprobe;

namespace {

struct Search {
    std::vector<MetadataEntry> entries;
    MetadataPage page;
    Status status;
};

Search search(std::string_view text, std::vector<std::string> wanted = {}, std::size_t chunk = 7,
              std::vector<std::string> tests = {}) {
    Search result;
    MetadataReader reader(
        std::move(wanted),
        [&](MetadataEntry&& entry) -> Status {
            result.entries.push_back(std::move(entry));
            return {};
        },
        std::move(tests));
    for (; result.status && !text.empty(); text.remove_prefix(std::min(chunk, text.size()))) {
        result.status = reader.feed(text.substr(0, chunk));
    }
    if (result.status) result.status = reader.finish();
    result.page = reader.page();
    return result;
}

constexpr std::string_view esmond_entry = R"({
  "url":"https://ma.example.net/esmond/perfsonar/archive/0f01/","uri":"/esmond/perfsonar/archive/0f01/",
  "metadata-key":"0f01","subject-type":"point-to-point","source":"192.0.2.1","destination":"2001:db8::2",
  "measurement-agent":"192.0.2.1","tool-name":"pscheduler\/powstream","input-source":"zürich.example.net",
  "input-destination":"b.example.net","time-duration":"60.0","sample-size":"600","ip-transport-protocol":"udp",
  "metadata-count-total":"2","metadata-next-page":"http:\/\/inner\/esmond\/perfsonar\/archive\/?offset=1&limit=1",
  "event-types":[
    {"event-type":"packet-loss-rate","base-uri":"\/esmond\/perfsonar\/archive\/0f01\/packet-loss-rate\/base","time-updated":1700000000,
     "summaries":[{"summary-type":"aggregation","summary-window":"300","time-updated":1700000000,"uri":"/x"}]},
    {"event-type":"histogram-owdelay","base-uri":"/esmond/perfsonar/archive/0f01/histogram-owdelay/base","time-updated":null,"summaries":[]},
    {"event-type":"failures","base-uri":"/esmond/perfsonar/archive/0f01/failures/base","time-updated":"1700000001","summaries":[]}]})";

std::string elmond_key() {
    return std::string(64, 'a');
}

} // namespace

TEST_CASE("an esmond entry gives what the probe needs") {
    const auto found = search(fmt::format("[{}]", esmond_entry));
    REQUIRE(found.status);
    REQUIRE(found.entries.size() == 1);
    const auto& entry = found.entries[0];
    CHECK(entry.key == "0f01");
    CHECK(entry.flavour == Flavour::esmond);
    CHECK(entry.meta.source == "\"192.0.2.1\"");
    CHECK(entry.meta.tool_name == R"("pscheduler\/powstream")");
    CHECK(entry.meta.input_source == R"("z\u00fcrich.example.net")");
    CHECK(entry.meta.time_duration == "\"60.0\"");
    CHECK(entry.meta.ip_transport_protocol == "\"udp\"");
    REQUIRE(entry.event_types.size() == 3);
    CHECK(entry.event_types[0].name == "packet-loss-rate");
    CHECK(entry.event_types[0].base_uri == "/esmond/perfsonar/archive/0f01/packet-loss-rate/base");
    CHECK(entry.event_types[0].time_updated == 1700000000);
    CHECK_FALSE(entry.event_types[1].time_updated);
    CHECK(entry.event_types[2].time_updated == 1700000001);
    CHECK(found.page.count_total == 2U);
    CHECK(found.page.next_page == "http://inner/esmond/perfsonar/archive/?offset=1&limit=1");
    CHECK(found.page.skipped == 0);
}

TEST_CASE("only wanted event types are kept, and an entry without any is still handed on") {
    const auto found = search(fmt::format("[{}]", esmond_entry), {"failures"});
    REQUIRE(found.entries.size() == 1);
    REQUIRE(found.entries[0].event_types.size() == 1);
    CHECK(found.entries[0].event_types[0].name == "failures");
    CHECK(search(fmt::format("[{}]", esmond_entry), {"throughput"}).entries.at(0).event_types.empty());
}

TEST_CASE("of tests that are not wanted no event type is kept") {
    struct Row {
        std::string_view test_type; ///< a member, or nothing
        std::string_view event_types;
        std::vector<std::string> tests;
        bool is_kept;
    };
    const auto row = GENERATE(values<Row>({
        {R"("pscheduler-test-type":"throughput",)", "failures", {"throughput"}, true},
        {R"("pscheduler-test-type":"throughput",)", "failures", {"trace", "rtt"}, false},
        {R"("pscheduler-test-type":"latency",)", "histogram-owdelay", {"latencybg"}, false},
        {R"("pscheduler-test-type":"latency",)", "histogram-owdelay", {}, true},
        // What names no type is told by its event types …
        {"", "failures throughput packet-loss-rate", {"throughput"}, true},
        {"", "failures throughput packet-loss-rate", {"latency", "latencybg"}, false},
        {R"("pscheduler-test-type":null,)", "failures histogram-owdelay", {"latencybg"}, true},
        {"", "packet-loss-rate packet-count-sent", {"latency"}, true},
        {"", "histogram-rtt packet-count-sent", {"rtt"}, true},
        {"", "packet-loss-rate-bidir", {"rtt"}, true},
        {"", "packet-loss-rate-bidir", {"latency"}, false},
        {"", "packet-trace failures path-mtu", {"trace"}, true},
        {"", "packet-trace", {"throughput"}, false},
        // … and what does not tell is of none.
        {"", "failures pscheduler-run-href", {"throughput", "trace", "rtt", "latency"}, false},
        {"", "failures", {}, true},
    }));
    CAPTURE(row.test_type, row.event_types, row.tests);
    std::string types;
    std::istringstream words{std::string(row.event_types)};
    for (std::string word; words >> word;) {
        types +=
            fmt::format(R"({}{{"event-type":"{}","base-uri":"/x/base/0"}})", types.empty() ? "" : ",", word);
    }
    const auto found =
        search(fmt::format(R"([{{{}"metadata-key":"0f","event-types":[{}]}}])", row.test_type, types), {}, 7,
               row.tests);
    REQUIRE(found.entries.size() == 1);
    CHECK(found.entries[0].flavour == Flavour::elmond); // which all entries tell
    CHECK(found.entries[0].event_types.empty() != row.is_kept);
}

TEST_CASE("elmond is told by its URIs, its keys or its summaries") {
    const auto flavour = [](std::string_view key, std::string_view base, std::string_view window) {
        const auto found = search(fmt::format(
            R"([{{"metadata-key":"{}","event-types":[{{"event-type":"failures","base-uri":"{}","summaries":[{{"summary-window":{}}}]}}]}}])",
            key, base, window));
        REQUIRE(found.entries.size() == 1);
        CHECK(found.page.flavour == found.entries[0].flavour);
        return found.entries[0].flavour;
    };
    CHECK(flavour("0f", "/a/0f/failures/base", "\"300\"") == Flavour::esmond);
    CHECK(flavour("0f", "/a/0f/failures/base/", "\"300\"") == Flavour::esmond);
    CHECK(flavour("0f", "/a/0f/failures/base/0", "\"300\"") == Flavour::elmond);
    CHECK(flavour(elmond_key(), "/a/0f/failures/base", "\"300\"") == Flavour::elmond);
    CHECK(flavour("0f", "/a/0f/failures/base", "300") == Flavour::elmond);
    for (const auto each : {Flavour::unknown, Flavour::esmond, Flavour::elmond})
        CHECK(to_flavour(to_string(each)) == each);
}

TEST_CASE("elmond's native types are read as well") {
    const auto found = search(
        R"([{"metadata-key":"0f","time-duration":30,"source":"192.0.2.1","ip-transport-protocol":null,"tool-name":null,
        "destination":17,"metadata-count-total":1234,"metadata-next-page":null,
        "event-types":[{"event-type":"throughput","base-uri":"https://inner/pre/fix/base/0","time-updated":1.7e9}]}])");
    REQUIRE(found.entries.size() == 1);
    const auto& entry = found.entries[0];
    CHECK(entry.meta.time_duration == "30");
    CHECK(entry.meta.ip_transport_protocol.empty());
    CHECK(entry.meta.tool_name.empty());
    CHECK(entry.meta.destination.empty());
    CHECK(entry.event_types.at(0).base_uri == "/pre/fix/base/0");
    CHECK(entry.event_types.at(0).time_updated == 1'700'000'000);
    CHECK(found.page.count_total == 1234U);
    CHECK(found.page.next_page.empty());
}

TEST_CASE("never written is told from not told") {
    const auto updated = [](std::string_view member) {
        const auto found = search(fmt::format(
            R"([{{"metadata-key":"0f","event-types":[{{"event-type":"failures","base-uri":"/x/base"{}}}]}}])",
            member));
        return found.entries.at(0).event_types.at(0).time_updated;
    };
    CHECK(updated(R"(,"time-updated":null)") == std::nullopt);
    CHECK(updated("") == 0);
    CHECK(updated(R"(,"time-updated":1700000000.75)") == 1'700'000'000);
    for (const std::string_view odd : {"\"None\"", "0.5", "-7", "9e15", "[]", "true"})
        CHECK(updated(fmt::format(R"(,"time-updated":{})", odd)) == 0);
}

TEST_CASE("an event type that is listed twice is read once") {
    const auto found = search(
        R"([{"metadata-key":"0f","event-types":[{"event-type":"throughput","base-uri":"/a/base"},
        {"event-type":"failures","base-uri":"/f/base"},{"event-type":"throughput","base-uri":"/b/base"}]}])");
    const auto& types = found.entries.at(0).event_types;
    REQUIRE(types.size() == 2);
    CHECK(types[0].base_uri == "/a/base");
    CHECK(types[1].name == "failures");
    CHECK(found.page.skipped == 0);
}

TEST_CASE("of an absolute base-uri only the path counts, however its scheme is written") {
    for (const std::string_view origin :
         {"http://inner:8080", "https://inner", "HTTPS://Inner.Example.Net"}) {
        const auto found = search(fmt::format(
            R"([{{"metadata-key":"0f","event-types":[{{"event-type":"failures","base-uri":"{}/x/base"}}]}}])",
            origin));
        REQUIRE(found.entries.at(0).event_types.size() == 1);
        CHECK(found.entries[0].event_types[0].base_uri == "/x/base");
    }
}

TEST_CASE("odd entries are skipped with a reason, the others are handed on") {
    const auto found = search(fmt::format(
        R"([{0}, 17, null, [], {{}}, {{"metadata-key":"../x","event-types":[]}}, {{"metadata-key":5,"event-types":[]}},
        {{"metadata-key":"ok","event-types":{{}}}}, {{"metadata-key":"ok"}}, {{"metadata-key":"bad json","event-types":[01]}},
        {{"metadata-key":"two","event-types":[17, {{"event-type":"a b","base-uri":"/x/base"}}, {{"event-type":"failures","base-uri":"//evil/base"}},
           {{"event-type":"throughput","base-uri":"/x y/base"}}, {{"event-type":"packet-trace","base-uri":"/t/base"}}]}}, {0}])",
        esmond_entry));
    REQUIRE(found.status);
    REQUIRE(found.entries.size() == 3);
    CHECK(found.entries[1].key == "two");
    REQUIRE(found.entries[1].event_types.size() == 1);
    CHECK(found.entries[1].event_types[0].name == "packet-trace");
    CHECK(found.page.elements == 12);
    CHECK(found.page.skipped == 13);
    REQUIRE(found.page.reasons.size() == 5);
    CHECK(found.page.reasons[0] == "entry 2: it is not an object");
    CHECK(found.page.reasons[4] == "entry 6: it has no usable metadata-key");
}

TEST_CASE("the callback's error ends the page, an error document is named") {
    unsigned calls = 0;
    MetadataReader reader({}, [&](MetadataEntry&&) -> Status {
        ++calls;
        return fail(ErrorKind::interrupted, "enough");
    });
    CHECK(reader.feed(fmt::format("[{0},{0}]", esmond_entry)).error().message == "enough");
    CHECK(calls == 1);
    CHECK_THAT(search(R"({"detail":"Unable to resolve host"})").status.error().message,
               Catch::Contains("Unable to resolve host"));
    CHECK(search("[]").status);
    CHECK(search("[]").page.elements == 0);
}

TEST_CASE("summaries are listed like event types, if they are wanted") {
    const std::string entry = R"([{"metadata-key":"0f01","event-types":[
      {"event-type":"packet-loss-rate","base-uri":"/a/0f01/packet-loss-rate/base","time-updated":1700000500,"summaries":[
        {"summary-type":"aggregation","summary-window":"300","time-updated":1700000400,"uri":"/a/0f01/packet-loss-rate/aggregations/300"},
        {"summary-type":"aggregation","summary-window":"3600","time-updated":null,"uri":"/a/0f01/packet-loss-rate/aggregations/3600"},
        {"summary-type":"aggregation","summary-window":86400,"uri":"/a/0f01/packet-loss-rate/aggregations/86400"},
        {"summary-type":"aggregation","summary-window":"86400","uri":"/b"},
        {"summary-type":"average","summary-window":"300","time-updated":1,"uri":"/x"}, 5,
        {"summary-type":"statistics","summary-window":"0","uri":"x"}]},
      {"event-type":"throughput","base-uri":"/a/0f01/throughput/base","time-updated":1700000600,"summaries":7}]}])";
    const auto found =
        search(entry, {"throughput", "packet-loss-rate/aggregation/300", "packet-loss-rate/aggregation/3600",
                       "packet-loss-rate/aggregation/86400", "packet-loss-rate/statistics/0"});
    REQUIRE(found.status);
    REQUIRE(found.entries.size() == 1);
    const auto& types = found.entries[0].event_types;
    REQUIRE(types.size() == 4);
    CHECK(types[0].name == "packet-loss-rate/aggregation/300");
    CHECK(types[0].base_uri == "/a/0f01/packet-loss-rate/aggregations/300");
    CHECK(types[0].time_updated == 1700000400);
    CHECK(types[1].name == "packet-loss-rate/aggregation/3600");
    CHECK_FALSE(types[1].time_updated);
    CHECK(types[2].name == "packet-loss-rate/aggregation/86400");
    CHECK(types[2].base_uri == "/a/0f01/packet-loss-rate/aggregations/86400");
    CHECK(types[2].time_updated == 1700000500); // of what they are made from
    CHECK(types[3].name == "throughput");
    CHECK(found.page.skipped == 1);
    CHECK_THAT(found.page.reasons.front(),
               Catch::Contains("packet-loss-rate/statistics/0 has no usable uri"));

    const auto all = search(entry);
    REQUIRE(all.entries.size() == 1);
    CHECK(all.entries[0].event_types.size() == 2);
}
