#include "lib/format/lines.hpp"

#include "lib/format/histogram.hpp"
#include "lib/format/subject_text.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"
#include "lib/summary_name.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace meshprobe {

namespace {

/// Commas, equals signs and blanks separate; control characters have no escape. The protocol is UTF-8, so
/// what is not ASCII stays as it is.
void append_tag(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == ',' || c == '=' || c == ' ' || c == '\\') out += '\\';
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
}

void append_text_field(std::string& out, const JsonValue& value) {
    std::string json;
    append_ascii(json, value);
    out += "json=\"";
    for (const char c : json) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void append_field(std::string& out, std::string_view name, double number) {
    if (out.back() != ' ') out += ',';
    out += name;
    out += '=';
    append_float(out, number);
}

/// Of what esmond calls statistics; false: it is none.
bool append_statistics(std::string& out, const JsonValue& value) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> members{
        {{"minimum", "min"},
         {"maximum", "max"},
         {"mean", "mean"},
         {"median", "median"},
         {"percentile-25", "p25"},
         {"percentile-75", "p75"},
         {"percentile-95", "p95"},
         {"variance", "variance"},
         {"standard-deviation", "stddev"}}};
    const JsonObject statistics(value);
    const auto size = out.size();
    for (const auto& [member, field] : members) {
        if (const auto number = to_number(statistics[member])) append_field(out, field, number->value);
    }
    return out.size() > size;
}

void append_fields(std::string& out, const JsonValue& value) {
    if (value.is_number()) {
        if (const auto number = to_number(value)) return append_field(out, "value", number->value);
    }
    const auto histogram = Histogram::read(value);
    if (!histogram && append_statistics(out, value)) return;
    if (!histogram) return append_text_field(out, value);
    append_field(out, "count", histogram->count());
    append_field(out, "min", histogram->minimum());
    append_field(out, "max", histogram->maximum());
    append_field(out, "mean", histogram->mean());
    append_field(out, "median", histogram->percentile(50));
    append_field(out, "p25", histogram->percentile(25));
    append_field(out, "p75", histogram->percentile(75));
    append_field(out, "p95", histogram->percentile(95));
    append_field(out, "stddev", std::sqrt(histogram->variance()));
}

} // namespace

LinesFormat::LinesFormat(const SeriesSubject& subject, std::string_view series) : head_(series) {
    const auto tag = [this](std::string_view name, const std::string& text) {
        if (text.empty()) return;
        fmt::format_to(std::back_inserter(head_), ",{}=", name);
        append_tag(head_, text);
    };
    const auto& meta = subject.meta;
    tag("destination", text_of(meta.destination));
    tag("input_destination", text_of(meta.input_destination));
    tag("input_source", text_of(meta.input_source));
    tag("measurement_agent", text_of(meta.measurement_agent));
    tag("metadata_key", subject.key);
    tag("source", text_of(meta.source));
    tag("test_type", test_type_of(text_of(meta.test_type), event_type_of(series)));
    tag("tool_name", text_of(meta.tool_name));
    head_ += ' ';
}

void LinesFormat::write(std::string& body, std::span<const Point> points,
                        std::chrono::system_clock::time_point /*published*/) const {
    body.clear();
    if (points.empty()) return;
    body = head_;
    append_fields(body, points.front().value);
    fmt::format_to(std::back_inserter(body), " {}000000000", points.front().ts);
}

void LinesFormat::add_limits(std::string& body, std::string_view limits) const {
    std::string names;
    for (const char c : limits) {
        if (c != '[' && c != ']' && c != '"') names += c;
    }
    std::string tag = ",limits=";
    append_tag(tag, names);
    if (body.size() >= head_.size()) body.insert(head_.size() - 1, tag);
}

} // namespace meshprobe
