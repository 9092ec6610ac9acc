#include "lib/format/body_time.hpp"

#include "lib/pscheduler/run_document.hpp"

#include <algorithm>
#include <charconv>

namespace meshprobe {

namespace {

/// Behind the first `mark`. Within a text of JSON its quotes would be escaped, so it is none of that.
std::string_view behind(std::string_view body, std::string_view mark) {
    const auto at = body.find(mark);
    return at == std::string_view::npos ? std::string_view() : body.substr(at + mark.size());
}

std::optional<Timestamp> leading_number(std::string_view text) {
    Timestamp number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 1 || number > latest_timestamp) return std::nullopt;
    return number;
}

std::optional<Timestamp> quoted_time(std::string_view text) {
    return parse_timestamp(text.substr(0, text.find('"')));
}

/// Of a list or an object, whose inside the text begins with; `skip`: so much of it.
std::string_view last_element(std::string_view text, std::size_t skip) {
    std::size_t begin = 0;
    int depth = 0;
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size() && depth >= 0; ++i) {
        const char c = text[i];
        if (is_quoted) {
            if (c == '\\') ++i;
            is_quoted = c != '"';
        } else if (c == '"') {
            is_quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        } else if (c == ',' && depth == 0) {
            begin = i + 1;
        }
    }
    return text.substr(std::min(begin + skip, text.size()));
}

} // namespace

std::optional<Timestamp> oldest_time(std::string_view format, std::string_view body) {
    if (format == "raw") {
        const auto results = leading_number(behind(body, "\"ts_start\":"));
        return results ? results : leading_number(behind(body, "\"summary_data\":[["));
    }
    if (format == "esmond") return leading_number(behind(body, "\"data\":[{\"ts\":"));
    if (format == "pscheduler") return quoted_time(behind(body, "\"schedule\":{\"start\":\""));
    if (format == "opensearch") return quoted_time(behind(body, "\"pscheduler\":{\"start_time\":\""));
    if (format != "lines" || body.size() < 10) return std::nullopt;
    return leading_number(
        body.substr(body.rfind(' ') + 1, body.size() - body.rfind(' ') - 10)); // nanoseconds
}

std::optional<Timestamp> newest_time(std::string_view format, std::string_view body) {
    if (format == "raw") {
        const auto results = behind(body, "\"datapoints\":{");
        return leading_number(results.empty() ? last_element(behind(body, "\"summary_data\":["), 1)
                                              : last_element(results, 1));
    }
    if (format == "esmond")
        return leading_number(last_element(behind(body, "\"data\":["), std::string_view("{\"ts\":").size()));
    return oldest_time(format, body); // of the others, each message has one
}

} // namespace meshprobe
