#include "probe/transform/raw.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>

namespace meshprobe {

namespace {

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

} // namespace

RawTransform::RawTransform(const MetadataEntry& entry, std::string_view event_type)
    : event_type_(event_type) {
    const auto& meta = entry.meta;
    const auto member = [&](std::string_view name, const std::string& text) {
        fmt::format_to(std::back_inserter(head_), "\"{}\":{},", name, text);
    };
    const auto always = [&](std::string_view name, const std::string& text) {
        member(name, text.empty() ? "null" : text);
    };
    const auto if_present = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) member(name, text);
    };
    head_ = R"({"meta":{)";
    always("subject_type", meta.subject_type);
    always("source", meta.source);
    always("destination", meta.destination);
    always("tool_name", meta.tool_name);
    always("measurement_agent", meta.measurement_agent);
    always("input_source", meta.input_source);
    always("input_destination", meta.input_destination);
    if_present("time_duration", meta.time_duration);
    if_present("ip_transport_protocol", meta.ip_transport_protocol);
    // Key and event type consist of characters that need no escapes: MetadataReader saw to it.
    fmt::format_to(std::back_inserter(head_), R"("org_metadata_key":"{}","rsv-timestamp":")", entry.key);
    tail_ = fmt::format(R"(","event-type":"{}","summaries":0,"ts_start":)", event_type);
}

void RawTransform::write(std::string& body, std::span<const Point> points,
                         std::chrono::system_clock::time_point published, std::string_view limits) const {
    const auto usec =
        std::chrono::duration_cast<std::chrono::microseconds>(published.time_since_epoch()).count();
    body.assign(head_);
    fmt::format_to(std::back_inserter(body), "{}.{:06}", usec / 1'000'000, usec % 1'000'000);
    body += tail_;
    append_number(body, points.empty() ? 0 : points.front().ts);
    if (!limits.empty()) {
        body += R"(,"limits":)";
        body += limits;
    }
    body += R"(},"version":2,"datapoints":{)";
    for (const auto& point : points) {
        body += '"';
        append_number(body, point.ts);
        body += "\":";
        append_ascii(body, point.value);
        body += ',';
    }
    if (!points.empty()) body.pop_back();
    body += "}}";
}

} // namespace meshprobe
