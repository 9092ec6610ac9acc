#include "lib/format/run_value.hpp"

#include "lib/format/subject_text.hpp"
#include "lib/format/value_place.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace meshprobe {

namespace {

constexpr std::string_view of_intervals = "-subintervals";
constexpr std::string_view of_streams = "streams-";
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> measures{
    {{"throughput", "throughput-bits"},
     {"packet-retransmits", "retransmits"},
     {"packet-rtt", "rtt"},
     {"tcp-windowsize", "tcp-window-size"}}};

/// "retransmits" of "streams-packet-retransmits-subintervals"; empty: it is not of throughput tests.
std::string_view measure_of(std::string_view event_type) {
    if (event_type.starts_with(of_streams)) event_type.remove_prefix(of_streams.size());
    if (event_type.ends_with(of_intervals)) event_type.remove_suffix(of_intervals.size());
    const auto known = std::ranges::find(measures, event_type, [](const auto& pair) { return pair.first; });
    return known == measures.end() ? std::string_view{} : known->second;
}

/// The end from which `duration` is left if `start` is taken off again.
double end_of_interval(double start, double duration) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double end = start + duration;
    for (const double near : {end, std::nextafter(end, infinity), std::nextafter(end, -infinity)}) {
        if (near - start == duration) return near;
    }
    return end;
}

/// {"start","duration","val"} as pScheduler has intervals: `"start":…,"end":…,"MEASURE":…`; empty: it is
/// none.
std::string interval_members(const JsonValue& value, std::string_view measure) {
    const JsonObject interval(value);
    const auto start = to_number(interval["start"]);
    const auto duration = to_number(interval["duration"]);
    if (!start || !duration) return {};
    const double end = end_of_interval(start->value, duration->value);
    std::string json = "\"start\":";
    append_json(json, interval["start"]);
    json += ",\"end\":";
    if (start->is_whole && duration->is_whole) {
        json += fmt::format("{:.0f}", end);
    } else {
        append_float(json, end);
    }
    json += fmt::format(",\"{}\":", measure);
    append_json(json, interval["val"]);
    return json;
}

std::string intervals_json(const JsonValue& value, std::string_view measure) {
    std::string json = "[";
    for (const auto& element : elements_of(value)) {
        const auto members = interval_members(element, measure);
        if (members.empty()) continue;
        if (json.size() > 1) json += ',';
        json += fmt::format(R"({{"summary":{{{}}}}})", members);
    }
    return json + ']';
}

std::string streams_json(const JsonValue& value, std::string_view measure) {
    std::string json = "[";
    std::size_t id = 0;
    for (const auto& element : elements_of(value)) {
        if (json.size() > 1) json += ',';
        json += fmt::format(R"({{"stream-id":{},"{}":)", ++id, measure);
        append_json(json, element);
        json += '}';
    }
    return json + ']';
}

/// A list of intervals for each stream becomes a list of streams for each interval.
std::string stream_intervals_json(const JsonValue& value, std::string_view measure) {
    std::vector<std::vector<JsonValue>> streams;
    std::size_t longest = 1; // each stream is told of once at least
    for (const auto& element : elements_of(value)) {
        streams.push_back(elements_of(element));
        longest = std::max(longest, streams.back().size());
    }
    std::string json = "[";
    for (std::size_t place = 0; place < longest; ++place) {
        json += place == 0 ? R"({"streams":[)" : R"(,{"streams":[)";
        for (std::size_t id = 0; id < streams.size(); ++id) {
            const auto& intervals = streams[id];
            if (place >= std::max<std::size_t>(intervals.size(), 1)) continue;
            if (json.back() != '[') json += ',';
            json += fmt::format(R"({{"stream-id":{})", id + 1);
            const auto members =
                intervals.empty() ? std::string() : interval_members(intervals[place], measure);
            json += members.empty() ? "}" : fmt::format(",{}}}", members);
        }
        json += "]}";
    }
    return json + ']';
}

/// Hops have their place instead of a number, and times in ISO 8601.
std::string path_json(const JsonValue& value) {
    std::string json = "[";
    for (const auto& element : elements_of(value)) {
        const JsonObject hop(element);
        if (json.back() != '[') json += ',';
        json += '{';
        const auto copy = [&](std::string_view from, std::string_view to) {
            if (!hop.has(from)) return;
            std::string text;
            append_ascii(text, hop[from]);
            append_member(json, to, text);
        };
        copy("ip", "ip");
        copy("hostname", "hostname");
        copy("as", "as");
        copy("mtu", "mtu");
        copy(hop.has("error_message") ? "error_message" : "error-message", "error");
        if (const auto rtt = to_number(hop["rtt"]); rtt && rtt->value >= 0 && rtt->value < 1e9)
            append_member(json, "rtt", fmt::format(R"("PT{:.6f}S")", rtt->value / 1000));
        json += '}';
    }
    return json + "]";
}

std::string paths_json(const JsonValue& value, bool is_one) {
    if (is_one) return '[' + path_json(value) + ']';
    std::string json = "[";
    for (const auto& path : elements_of(value)) {
        if (json.size() > 1) json += ',';
        json += path_json(path);
    }
    return json + ']';
}

/// {"12.50":2} as two round trips of so many milliseconds, or of such a TTL.
std::optional<std::string> round_trips_json(const JsonValue& histogram, bool is_time) {
    std::string json = "[";
    std::size_t sequence = 0;
    for (const auto& [name, value] : JsonObject(histogram).members()) {
        // A name is a string value without its quotes.
        const auto bucket = to_number(JsonValue{std::string_view(name.data() - 1, name.size() + 2)});
        const auto count = to_integer(value);
        if (!bucket || bucket->value < 0 || bucket->value > 1e9 || !count || *count < 0 ||
            static_cast<std::uint64_t>(*count) > most_round_trips - sequence)
            return std::nullopt;
        const auto member = is_time ? fmt::format(R"("rtt":"PT{:.6f}S")", bucket->value / 1000)
                                    : fmt::format(R"("ttl":{:.0f})", bucket->value);
        for (std::int64_t i = 0; i < *count; ++i)
            json += fmt::format(R"({}{{"seq":{},{}}})", json.size() > 1 ? "," : "", ++sequence, member);
    }
    if (sequence == 0) return std::nullopt;
    return json + ']';
}

/// pScheduler's archiver cuts off behind the fourth decimal of a product that may fall short of it.
std::string clock_error_json(const JsonValue& value) {
    constexpr double decimals = 10'000;
    const auto number = to_number(value);
    const auto is_cut = [&](double written) {
        return std::trunc(written * decimals) / decimals != number->value;
    };
    std::string json;
    if (number && std::isfinite(number->value * decimals) && is_cut(number->value)) {
        const double next = std::nextafter(number->value, std::numeric_limits<double>::infinity());
        if (!is_cut(next)) {
            append_float(json, next);
            return json;
        }
    }
    append_number(json, value);
    return json;
}

} // namespace

std::string spec_members(const EntryMeta& meta, std::string_view test, std::string_view event_type) {
    std::string json = "{";
    append_member(json, "source", meta.input_source.empty() ? meta.source : meta.input_source);
    append_member(json, "dest", meta.input_destination.empty() ? meta.destination : meta.input_destination);
    const auto protocol = text_of(meta.ip_transport_protocol);
    const bool counts_packets = event_type == "packet-count-sent" || event_type == "packet-count-lost" ||
                                event_type == "packet-loss-rate";
    if (test == "throughput" && (protocol == "udp" || counts_packets)) append_member(json, "udp", "true");
    if (test == "trace") append_member(json, "probe-type", meta.ip_transport_protocol);
    if (event_type == "packet-trace-multi") append_member(json, "algorithm", R"("paris-traceroute")");
    return json.substr(1);
}

std::string parallel_member(std::string_view event_type, const JsonValue& value) {
    if (!event_type.starts_with(of_streams) || measure_of(event_type).empty()) return {};
    const auto count = std::max<std::size_t>(elements_of(value).size(), 2);
    return fmt::format(R"(,"parallel":{})", count);
}

std::optional<std::string> run_value(std::string_view event_type, const JsonValue& value) {
    const bool is_trace = event_type == "packet-trace" || event_type == "packet-trace-multi";
    const bool is_of_streams = event_type.starts_with(of_streams);
    const auto measure = measure_of(event_type);
    const bool is_of_intervals = !measure.empty() && event_type.ends_with(of_intervals);
    if (is_trace || is_of_intervals || (is_of_streams && !measure.empty())) {
        if (!value.text.starts_with('[')) return std::nullopt;
        if (is_trace) return paths_json(value, event_type == "packet-trace");
        if (is_of_streams && is_of_intervals) return stream_intervals_json(value, measure);
        return is_of_streams ? streams_json(value, measure) : intervals_json(value, measure);
    }
    if (event_type == "histogram-rtt" || event_type == "histogram-ttl-reverse")
        return round_trips_json(value, event_type == "histogram-rtt");
    if (event_type == "time-error-estimates") return clock_error_json(value);
    std::string json;
    append_number(json, value);
    return json;
}

void append_result(std::string& body, std::string_view event_type, const JsonValue& value,
                   std::string_view members) {
    body += R"("result":)";
    if (event_type == "failures") {
        std::string error;
        append_ascii(error, JsonObject(value)["error"]);
        body += R"({"succeeded":false)";
        append_member(body, "error", error);
        body += '}';
    } else if (event_type == "pscheduler-raw" && value.text.starts_with('{')) {
        append_ascii(body, value);
    } else {
        body += R"({"succeeded":true)";
        if (!members.empty()) body += ',';
        body += members;
        body += '}';
    }
}

std::string run_href_of(std::string_view event_type, const JsonValue& value) {
    std::string json;
    if (event_type == "pscheduler-run-href") {
        if (const auto href = JsonObject(value)["href"]; href.is_string()) append_ascii(json, href);
    }
    return json;
}

} // namespace meshprobe
