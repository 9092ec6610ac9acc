#include "lib/format/opensearch.hpp"

#include "lib/format/histogram.hpp"
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
    ValuePlace{"", "throughput-subintervals", "intervals.json"},
    ValuePlace{"", "packet-retransmits", "retransmits"},
    ValuePlace{"", "packet-retransmits-subintervals", "intervals.json"},
    ValuePlace{"", "packet-rtt", "rtt"},
    ValuePlace{"throughput", "packet-count-sent", "packets_sent"},
    ValuePlace{"throughput", "packet-count-lost", "packets_lost"},
    ValuePlace{"throughput", "packet-loss-rate", "packets_loss"},
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
    ValuePlace{"", "histogram-ttl-reverse", "ttl"},
    ValuePlace{"", "histogram-rtt", "rtt"},
    ValuePlace{"", "packet-trace", "hop"},
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

/// `scale`: of the histogram's unit to the document's.
std::string statistics_json(const Histogram& histogram, double scale) {
    std::vector<double> values;
    std::string counts = "[";
    for (const auto& [value, count] : histogram.buckets()) {
        values.push_back(value * scale);
        if (counts.size() > 1) counts += ',';
        counts += fmt::format("{:.0f}", count);
    }
    auto modes = histogram.modes();
    for (double& mode : modes)
        mode *= scale;
    const double variance = histogram.variance() * scale * scale;
    std::string json = "{";
    append_member(json, "min", float_json(histogram.minimum() * scale));
    append_member(json, "max", float_json(histogram.maximum() * scale));
    append_member(json, "mean", float_json(histogram.mean() * scale));
    append_member(json, "median", float_json(histogram.percentile(50) * scale));
    append_member(json, "mode", list_json(modes));
    append_member(json, "p_25", float_json(histogram.percentile(25) * scale));
    append_member(json, "p_75", float_json(histogram.percentile(75) * scale));
    append_member(json, "p_95", float_json(histogram.percentile(95) * scale));
    append_member(json, "stddev", float_json(std::sqrt(variance)));
    append_member(json, "variance", float_json(variance));
    append_member(json, "histogram",
                  fmt::format(R"({{"values":{},"counts":{}]}})", list_json(values), counts));
    return json + '}';
}

std::string hops_json(const JsonValue& value) {
    std::array<std::string, 3> lists{"[", "[", "["};
    auto& [addresses, numbers, owners] = lists;
    unsigned count = 0;
    unsigned failed = 0;
    const auto add = [](std::string& list, const JsonValue& element) {
        if (list.size() > 1) list += ',';
        append_json(list, element);
    };
    for (const auto& element : elements_of(value)) {
        const JsonObject hop(element);
        ++count;
        if (const auto success = to_integer(hop["success"]); success && *success == 0) ++failed;
        if (hop.has("ip")) add(addresses, hop["ip"]);
        const auto as = hop.object("as");
        if (as.has("number")) add(numbers, as["number"]);
        if (as.has("owner")) add(owners, as["owner"]);
    }
    std::string hops;
    append_ascii(hops, value);
    return fmt::format(R"({{"count":{},"success_count":{},"error_count":{},"ip":{}],"as_number":{}],)"
                       R"("as_organization":{}],"json":{}}})",
                       count, count - failed, failed, addresses, numbers, owners, hops);
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

    tail_ = '"'; // the end of the start time
    if (!seconds.empty() && to_number(JsonValue{meta.time_duration}))
        append_member(tail_, "duration", seconds);
    append_member(tail_, "tool", tool_json);
    append_member(tail_, "test_checksum", '"' + subject.key + '"');
    tail_ += R"(},"test":{)";
    append_member(tail_, "type", test_json);
    tail_ += R"(,"spec":{)";
    append_member(tail_, "source", meta.input_source.empty() ? meta.source : meta.input_source);
    append_member(tail_, "dest", meta.input_destination.empty() ? meta.destination : meta.input_destination);
    tail_ += R"(}},"meta":{)";
    append_member(tail_, "source", end_json(meta.source, meta.input_source));
    if (!meta.destination.empty())
        append_member(tail_, "destination", end_json(meta.destination, meta.input_destination));
    append_member(tail_, "observer", end_json(meta.measurement_agent, meta.measurement_agent));
    if (const auto source = text_of(meta.source); is_address(source))
        append_member(tail_, "ip_version", source.find(':') == std::string::npos ? "4" : "6");
    fmt::format_to(std::back_inserter(tail_), R"(}},"event_type":"{}","result":)", event_type);
}

std::string OpensearchFormat::value_json(const JsonValue& value) const {
    if (event_type_.starts_with("histogram-")) {
        // Round trips are told in seconds there, delays in milliseconds.
        const double scale = event_type_ == "histogram-rtt" ? 1e-3 : 1;
        if (const auto histogram = Histogram::read(value)) return statistics_json(*histogram, scale);
    }
    if (event_type_ == "packet-trace" && value.text.starts_with('[')) return hops_json(value);
    std::string json;
    append_number(json, value);
    return json;
}

void OpensearchFormat::write(std::string& body, std::span<const Point> points,
                             std::chrono::system_clock::time_point published) const {
    body.clear();
    if (points.empty()) return;
    const auto& point = points.front();
    const auto arrived =
        std::chrono::duration_cast<std::chrono::seconds>(published.time_since_epoch()).count();
    fmt::format_to(std::back_inserter(body), R"({{"@timestamp":"{}","pscheduler":{{"start_time":"{}{})",
                   iso_time(arrived), iso_time(point.ts), tail_);
    if (event_type_ == "failures") {
        std::string error;
        append_ascii(error, JsonObject(point.value)["error"]);
        body += R"({"succeeded":false)";
        append_member(body, "error", error);
    } else {
        body += R"({"succeeded":true,)";
        body += member_at(path_, value_json(point.value));
    }
    body += "}}";
}

} // namespace meshprobe
