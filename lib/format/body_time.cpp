#include "lib/format/body_time.hpp"

#include "lib/pscheduler/run_document.hpp"

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

} // namespace meshprobe
