#include "lib/format/esmond.hpp"

#include "lib/format/subject_text.hpp"
#include "lib/json_text/python_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

namespace meshprobe {

namespace {

/// The first fraction of the continued fraction of `ratio` (0 to 1) that is the same double.
std::pair<std::int64_t, std::int64_t> fraction_of(double ratio) {
    constexpr double largest = 1e9;
    double rest = ratio;
    double numerator = std::floor(rest);
    double denominator = 1;
    double last_numerator = 1;
    double last_denominator = 0;
    while (numerator / denominator != ratio && rest != std::floor(rest)) {
        rest = 1 / (rest - std::floor(rest));
        const double next_numerator = std::floor(rest) * numerator + last_numerator;
        const double next_denominator = std::floor(rest) * denominator + last_denominator;
        if (next_denominator > largest) break;
        last_numerator = std::exchange(numerator, next_numerator);
        last_denominator = std::exchange(denominator, next_denominator);
    }
    return {static_cast<std::int64_t>(numerator), static_cast<std::int64_t>(denominator)};
}

void append_ratio(std::string& out, const JsonValue& value) {
    const auto ratio = to_number(value);
    if (!value.is_number() || !ratio || ratio->value < 0 || ratio->value > 1) return append_ascii(out, value);
    const auto [numerator, denominator] = fraction_of(ratio->value);
    fmt::format_to(std::back_inserter(out), R"({{"numerator":{},"denominator":{}}})", numerator, denominator);
}

} // namespace

EsmondFormat::EsmondFormat(const SeriesSubject& subject, std::string_view event_type)
    : event_type_(event_type), head_(R"({"metadata":{)"),
      is_ratio_(event_type == "packet-loss-rate" || event_type == "packet-loss-rate-bidir") {
    const auto& meta = subject.meta;
    append_member(head_, "subject-type", meta.subject_type);
    append_member(head_, "source", meta.source);
    append_member(head_, "destination", meta.destination);
    append_member(head_, "measurement-agent", meta.measurement_agent);
    append_member(head_, "tool-name", meta.tool_name);
    append_member(head_, "input-source", meta.input_source);
    append_member(head_, "input-destination", meta.input_destination);
    append_member(head_, "time-duration", meta.time_duration);
    append_member(head_, "ip-transport-protocol", meta.ip_transport_protocol);
    append_member(head_, "pscheduler-test-type", meta.test_type);
    append_member(head_, "event-types", fmt::format(R"([{{"event-type":"{}"}}])", event_type));
    fmt::format_to(std::back_inserter(head_), R"(}},"org-metadata-key":"{}","data":[)", subject.key);
}

void EsmondFormat::write(std::string& body, std::span<const Point> points,
                         std::chrono::system_clock::time_point /*published*/) const {
    body.assign(head_);
    for (const auto& point : points) {
        if (body.back() != '[') body += ',';
        fmt::format_to(std::back_inserter(body), R"({{"ts":{},"val":[{{"event-type":"{}","val":)", point.ts,
                       event_type_);
        if (is_ratio_) {
            append_ratio(body, point.value);
        } else {
            append_ascii(body, point.value);
        }
        body += "}]}";
    }
    body += "]}";
}

} // namespace meshprobe
