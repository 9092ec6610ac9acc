#include "lib/format/raw.hpp"

#include "lib/format/raw_meta.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::string_view end_of_meta = R"(},"version":2,"datapoints":{)";

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

} // namespace

std::string raw_head(const SeriesSubject& subject) {
    const auto& meta = subject.meta;
    std::string head = R"({"meta":{)";
    const auto member = [&](std::string_view name, const std::string& text) {
        fmt::format_to(std::back_inserter(head), "\"{}\":{},", name, text);
    };
    const auto always = [&](std::string_view name, const std::string& text) {
        member(name, text.empty() ? "null" : text);
    };
    const auto if_present = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) member(name, text);
    };
    always("subject_type", meta.subject_type);
    always("source", meta.source);
    always("destination", meta.destination);
    always("tool_name", meta.tool_name);
    always("measurement_agent", meta.measurement_agent);
    always("input_source", meta.input_source);
    always("input_destination", meta.input_destination);
    if_present("time_duration", meta.time_duration);
    if_present("ip_transport_protocol", meta.ip_transport_protocol);
    // Keys and event types consist of characters that need no escapes.
    fmt::format_to(std::back_inserter(head), R"("org_metadata_key":"{}","rsv-timestamp":")", subject.key);
    return head;
}

void append_published(std::string& out, std::chrono::system_clock::time_point published) {
    const auto usec =
        std::chrono::duration_cast<std::chrono::microseconds>(published.time_since_epoch()).count();
    fmt::format_to(std::back_inserter(out), "{}.{:06}", usec / 1'000'000, usec % 1'000'000);
}

RawFormat::RawFormat(const SeriesSubject& subject, std::string_view event_type)
    : event_type_(event_type), head_(raw_head(subject)),
      tail_(fmt::format(R"(","event-type":"{}","summaries":0,"ts_start":)", event_type)) {}

void RawFormat::write(std::string& body, std::span<const Point> points,
                      std::chrono::system_clock::time_point published) const {
    body.assign(head_);
    append_published(body, published);
    body += tail_;
    append_number(body, points.empty() ? 0 : points.front().ts);
    body += end_of_meta;
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

void RawFormat::add_limits(std::string& body, std::string_view limits) const {
    const auto end = body.find(end_of_meta, head_.size());
    if (end != std::string::npos) body.insert(end, fmt::format(R"(,"limits":{})", limits));
}

} // namespace meshprobe
