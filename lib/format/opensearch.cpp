#include "lib/format/opensearch.hpp"

#include "lib/format/histogram.hpp"
#include "lib/format/run_value.hpp"
#include "lib/format/subject_text.hpp"
#include "lib/format/value_place.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::array places_of_document{
    ValuePlace{"", "throughput", "throughput"},
    ValuePlace{"", "packet-retransmits", "retransmits"},
    ValuePlace{"", "packet-rtt", "rtt"},
    ValuePlace{"throughput", "packet-count-sent", "packets_sent"},
    ValuePlace{"throughput", "packet-count-lost", "packets_lost"},
    ValuePlace{"throughput", "packet-loss-rate", "packet-loss-rate"},
    ValuePlace{"", "throughput-subintervals", "intervals.json"},
    ValuePlace{"", "packet-retransmits-subintervals", "intervals.json"},
    ValuePlace{"", "packet-rtt-subintervals", "intervals.json"},
    ValuePlace{"", "tcp-windowsize-subintervals", "intervals.json"},
    ValuePlace{"", "streams-throughput", "streams.json"},
    ValuePlace{"", "streams-packet-retransmits", "streams.json"},
    ValuePlace{"", "streams-packet-rtt", "streams.json"},
    ValuePlace{"", "streams-tcp-windowsize", "streams.json"},
    ValuePlace{"", "streams-throughput-subintervals", "intervals.json"},
    ValuePlace{"", "streams-packet-retransmits-subintervals", "intervals.json"},
    ValuePlace{"", "streams-packet-rtt-subintervals", "intervals.json"},
    ValuePlace{"", "streams-tcp-windowsize-subintervals", "intervals.json"},
    ValuePlace{"", "packet-count-sent", "packets.sent"},
    ValuePlace{"", "packet-count-lost", "packets.lost"},
    ValuePlace{"", "packet-loss-rate", "packets.loss"},
    ValuePlace{"", "packet-duplicates", "packets.duplicated"},
    ValuePlace{"", "packet-reorders", "packets.reordered"},
    ValuePlace{"", "packet-count-lost-bidir", "packets.lost"},
    ValuePlace{"", "packet-loss-rate-bidir", "packets.loss"},
    ValuePlace{"", "packet-duplicates-bidir", "packets.duplicated"},
    ValuePlace{"", "packet-reorders-bidir", "packets.reordered"},
    ValuePlace{"", "time-error-estimates", "max_clock_error"},
    ValuePlace{"", "histogram-owdelay", "latency"},
    ValuePlace{"", "histogram-ttl", "ttl"},
    ValuePlace{"", "histogram-ttl-reverse", "packets.json"},
    ValuePlace{"", "histogram-rtt", "packets.json"},
    ValuePlace{"", "packet-trace", "json"},
    ValuePlace{"", "packet-trace-multi", "json"},
    ValuePlace{"", "path-mtu", "mtu"},
};

std::string float_json(double number) {
    std::string text;
    append_float(text, number);
    return text;
}

std::string list_json(const std::vector<double>& numbers) {
    std::string json = "[";
    for (const double number : numbers) {
        if (json.size() > 1) json += ',';
        append_float(json, number);
    }
    return json + ']';
}

std::string statistics_json(const Histogram& histogram) {
    std::vector<double> values;
    std::string counts = "[";
    for (const auto& [value, count] : histogram.buckets()) {
        values.push_back(value);
        if (counts.size() > 1) counts += ',';
        counts += fmt::format("{:.0f}", count);
    }
    const double variance = histogram.variance();
    std::string json = "{";
    append_member(json, "min", float_json(histogram.minimum()));
    append_member(json, "max", float_json(histogram.maximum()));
    append_member(json, "mean", float_json(histogram.mean()));
    append_member(json, "median", float_json(histogram.percentile(50)));
    append_member(json, "mode", list_json(histogram.modes()));
    append_member(json, "p_25", float_json(histogram.percentile(25)));
    append_member(json, "p_75", float_json(histogram.percentile(75)));
    append_member(json, "p_95", float_json(histogram.percentile(95)));
    append_member(json, "stddev", float_json(std::sqrt(variance)));
    append_member(json, "variance", float_json(variance));
    append_member(json, "histogram",
                  fmt::format(R"({{"values":{},"counts":{}]}})", list_json(values), counts));
    return json + '}';
}

/// Round trips are in milliseconds; the document has seconds.
std::string round_trip_json(const Histogram& histogram) {
    constexpr double second = 1e-3;
    std::string json = "{";
    append_member(json, "min", float_json(histogram.minimum() * second));
    append_member(json, "max", float_json(histogram.maximum() * second));
    append_member(json, "mean", float_json(histogram.mean() * second));
    append_member(json, "stddev", float_json(std::sqrt(histogram.variance()) * second));
    return json + '}';
}

/// What is told of a path without its hops.
std::string hops_json(const JsonValue& path) {
    std::array<std::string, 3> lists{"[", "[", "["};
    auto& [addresses, numbers, owners] = lists;
    unsigned count = 0;
    unsigned failed = 0;
    const auto add = [](std::string& list, const JsonValue& element) {
        if (list.size() > 1) list += ',';
        append_json(list, element);
    };
    for (const auto& element : elements_of(path)) {
        const JsonObject hop(element);
        ++count;
        if (const auto success = to_integer(hop["success"]); success && *success == 0) ++failed;
        if (hop.has("ip")) add(addresses, hop["ip"]);
        const auto as = hop.object("as");
        if (as.has("number")) add(numbers, as["number"]);
        if (as.has("owner")) add(owners, as["owner"]);
    }
    return fmt::format(R"({{"count":{},"success_count":{},"error_count":{},"ip":{}],"as_number":{}],)"
                       R"("as_organization":{}]}})",
                       count, count - failed, failed, addresses, numbers, owners);
}

JsonValue first_path(const JsonValue& paths) {
    for (const auto& path : elements_of(paths)) {
        if (!elements_of(path).empty()) return path;
    }
    return {};
}

/// {"ip":…,"hostname":…}: a name where there is one.
std::string end_json(const std::string& address, const std::string& input) {
    const auto ip = text_of(address);
    const auto name = text_of(input);
    std::string json = "{";
    if (is_address(ip)) append_member(json, "ip", address);
    if (!name.empty() && !is_address(name)) append_member(json, "hostname", input);
    return json + '}';
}

} // namespace

OpensearchFormat::OpensearchFormat(const SeriesSubject& subject, std::string_view event_type)
    : event_type_(event_type) {
    const auto& meta = subject.meta;
    const auto test = test_type_of(text_of(meta.test_type), event_type);
    path_ = path_of(places_of_document, test, event_type);
    auto tool = text_of(meta.tool_name);
    if (tool.starts_with("pscheduler/")) tool.erase(0, tool.find('/') + 1);
    std::string tool_json;
    if (!tool.empty()) append_string(tool_json, tool);
    std::string test_json;
    append_string(test_json, test);
    const auto seconds = text_of(meta.time_duration);

    head_ = '"'; // the end of the start time
    if (!seconds.empty() && to_number(JsonValue{meta.time_duration}))
        append_member(head_, "duration", seconds);
    append_member(head_, "tool", tool_json);
    append_member(head_, "test_checksum", '"' + subject.key + '"');
    if (!meta.measurement_agent.empty())
        append_member(head_, "participants", '[' + meta.measurement_agent + ']');

    test_ = R"(},"test":{)";
    append_member(test_, "type", test_json);
    test_ += R"(,"spec":{)" + spec_members(meta, test, event_type);

    ends_ = R"(}},"meta":{)";
    append_member(ends_, "source", end_json(meta.source, meta.input_source));
    if (!meta.destination.empty())
        append_member(ends_, "destination", end_json(meta.destination, meta.input_destination));
    append_member(ends_, "observer", end_json(meta.measurement_agent, meta.measurement_agent));
    if (const auto source = text_of(meta.source); is_address(source))
        append_member(ends_, "ip_version", source.find(':') == std::string::npos ? "4" : "6");
    fmt::format_to(std::back_inserter(ends_), R"(}},"event_type":"{}",)", event_type);
}

std::string OpensearchFormat::members(const JsonValue& value) const {
    const auto histogram = event_type_.starts_with("histogram-") ? Histogram::read(value) : std::nullopt;
    if (histogram && (event_type_ == "histogram-owdelay" || event_type_ == "histogram-ttl"))
        return member_at(path_, statistics_json(*histogram));
    const auto told = run_value(event_type_, value);
    if (!told) {
        std::string as_it_is;
        append_ascii(as_it_is, value);
        return member_at(event_type_, as_it_is);
    }
    const auto member = member_at(path_, *told);
    if (histogram && event_type_ == "histogram-rtt")
        return member_at("rtt", round_trip_json(*histogram)) + ',' + member;
    if (event_type_ == "packet-trace") return member_at("hop", hops_json(value)) + ',' + member;
    if (event_type_ == "packet-trace-multi")
        return member_at("hop", hops_json(first_path(value))) + ',' + member;
    return member;
}

void OpensearchFormat::write(std::string& body, std::span<const Point> points,
                             std::chrono::system_clock::time_point published) const {
    body.clear();
    if (points.empty()) return;
    const auto& point = points.front();
    const auto arrived =
        std::chrono::duration_cast<std::chrono::seconds>(published.time_since_epoch()).count();
    fmt::format_to(std::back_inserter(body), R"({{"@timestamp":"{}","pscheduler":{{"start_time":"{}{})",
                   iso_time(arrived), iso_time(point.ts), head_);
    const auto href = run_href_of(event_type_, point.value);
    if (!href.empty()) append_member(body, "run_href", href);
    body += test_;
    body += parallel_member(event_type_, point.value);
    body += ends_;
    append_result(body, event_type_, point.value, href.empty() ? members(point.value) : std::string());
    body += '}';
}

} // namespace meshprobe
