#include "lib/format/pscheduler.hpp"

#include "lib/format/subject_text.hpp"
#include "lib/format/value_place.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"
#include "lib/record/identity.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::array places_of_result{
    ValuePlace{"", "throughput", "summary.summary.throughput-bits"},
    ValuePlace{"", "packet-retransmits", "summary.summary.retransmits"},
    ValuePlace{"", "packet-rtt", "summary.summary.rtt"},
    ValuePlace{"", "tcp-windowsize", "summary.summary.tcp-window-size"},
    ValuePlace{"throughput", "packet-count-sent", "summary.summary.sent"},
    ValuePlace{"throughput", "packet-count-lost", "summary.summary.lost"},
    ValuePlace{"", "throughput-subintervals", "intervals"},
    ValuePlace{"", "packet-retransmits-subintervals", "intervals"},
    ValuePlace{"", "histogram-owdelay", "histogram-latency"},
    ValuePlace{"rtt", "packet-count-sent", "sent"},
    ValuePlace{"", "packet-count-sent", "packets-sent"},
    ValuePlace{"", "packet-count-lost", "packets-lost"},
    ValuePlace{"", "packet-duplicates", "packets-duplicated"},
    ValuePlace{"", "packet-reorders", "packets-reordered"},
    ValuePlace{"", "time-error-estimates", "max-clock-error"},
    ValuePlace{"", "packet-count-lost-bidir", "lost"},
    ValuePlace{"", "packet-duplicates-bidir", "duplicates"},
    ValuePlace{"", "packet-reorders-bidir", "reorders"},
    ValuePlace{"", "packet-loss-rate-bidir", "loss"},
    ValuePlace{"", "packet-trace", "paths"},
};

/// [{"start","duration","val"}] as pScheduler has intervals.
std::string intervals_of(const JsonValue& value, std::string_view member) {
    std::string json = "[";
    for (const auto& element : elements_of(value)) {
        const JsonObject interval(element);
        const auto start = to_number(interval["start"]);
        const auto duration = to_number(interval["duration"]);
        if (!start || !duration) continue;
        if (json.size() > 1) json += ',';
        json += R"({"summary":{"start":)";
        append_float(json, start->value);
        json += R"(,"end":)";
        append_float(json, start->value + duration->value);
        json += fmt::format(R"(,"{}":)", member);
        append_number(json, interval["val"]);
        json += "}}";
    }
    return json + ']';
}

/// Hops have their place instead of a number, and times in ISO 8601.
std::string path_json(const JsonValue& value) {
    std::string json = "[[";
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
    return json + "]]";
}

std::string value_json(std::string_view event_type, const JsonValue& value) {
    const bool is_list = value.text.starts_with('[');
    if (is_list && event_type == "throughput-subintervals") return intervals_of(value, "throughput-bits");
    if (is_list && event_type == "packet-retransmits-subintervals") return intervals_of(value, "retransmits");
    if (is_list && event_type == "packet-trace") return path_json(value);
    std::string json;
    append_number(json, value);
    return json;
}

/// 32 hexadecimal digits as a UUID of version 8: one that whoever makes it defines.
std::string uuid_of(const std::string& digits) {
    return fmt::format("{}-{}-8{}-8{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(13, 3),
                       digits.substr(17, 3), digits.substr(20, 12));
}

} // namespace

PschedulerFormat::PschedulerFormat(const SeriesSubject& subject, std::string_view event_type)
    : series_(fmt::format("{} {} ", subject.key, event_type)), event_type_(event_type) {
    const auto& meta = subject.meta;
    const auto test = test_type_of(text_of(meta.test_type), event_type);
    path_ = path_of(places_of_result, test, event_type);
    const auto or_null = [](const std::string& json) { return json.empty() ? std::string("null") : json; };
    const auto seconds = text_of(meta.time_duration);
    if (!seconds.empty() && seconds.find_first_not_of("0123456789.") == std::string::npos) {
        const bool is_whole = seconds.ends_with(".0");
        duration_ =
            fmt::format(R"(,"duration":"PT{}S")", is_whole ? seconds.substr(0, seconds.size() - 2) : seconds);
    }
    middle_ = R"(},"test":{"type":)";
    append_string(middle_, test);
    middle_ += R"(,"spec":{)";
    append_member(middle_, "source", meta.input_source.empty() ? meta.source : meta.input_source);
    append_member(middle_, "dest",
                  meta.input_destination.empty() ? meta.destination : meta.input_destination);
    auto tool = text_of(meta.tool_name);
    if (tool.starts_with("pscheduler/")) tool.erase(0, tool.find('/') + 1);
    middle_ += R"(}},"tool":{"name":)";
    append_string(middle_, tool);
    fmt::format_to(std::back_inserter(middle_), R"(}},"participants":[{}],"result":)",
                   or_null(meta.measurement_agent));
    tail_ = fmt::format(R"(,"reference":{{"org-metadata-key":"{}"}}}})", subject.key);
}

void PschedulerFormat::write(std::string& body, std::span<const Point> points,
                             std::chrono::system_clock::time_point /*published*/) const {
    body.clear();
    if (points.empty()) return;
    const auto& point = points.front();
    const auto id = uuid_of(identity_of(series_ + std::to_string(point.ts)));
    fmt::format_to(std::back_inserter(body), R"({{"id":"{}","schedule":{{"start":"{}"{}{})", id,
                   iso_time(point.ts), duration_, middle_);
    if (event_type_ == "failures") {
        std::string error;
        append_ascii(error, JsonObject(point.value)["error"]);
        body += R"({"succeeded":false)";
        append_member(body, "error", error);
    } else {
        body += R"({"succeeded":true,)";
        body += member_at(path_, value_json(event_type_, point.value));
    }
    body += '}';
    body += tail_;
}

} // namespace meshprobe
