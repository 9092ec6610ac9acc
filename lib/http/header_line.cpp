#include "lib/http/header_line.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

namespace meshprobe {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::optional<std::chrono::system_clock::time_point> parse_date(std::string_view value) {
    const auto at = curl_getdate(std::string(value).c_str(), nullptr);
    if (at < 0) return std::nullopt;
    return std::chrono::system_clock::from_time_t(at);
}

/// Seconds, or a date that is taken relative to the server's own Date if it came before.
std::optional<Microseconds> parse_retry_after(std::string_view value, const HttpResponse& response) {
    constexpr std::int64_t longest = 86'400;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || end != value.data() + value.size()) {
        const auto at = parse_date(value);
        if (!at) return std::nullopt;
        const auto now = response.date.value_or(std::chrono::system_clock::now());
        seconds = std::chrono::duration_cast<std::chrono::seconds>(*at - now).count();
    }
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, longest));
}

} // namespace

void read_header_line(std::string_view line, HttpResponse& response) {
    if (line.starts_with("HTTP/")) {
        response = HttpResponse{};
        return;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), lower);
    const auto value = trimmed(line.substr(colon + 1));
    if (name == "content-type") response.content_type = value;
    if (name == "etag") response.etag = value;
    if (name == "last-modified") response.last_modified = value;
    if (name == "date") response.date = parse_date(value);
    if (name == "retry-after") response.retry_after = parse_retry_after(value, response);
}

} // namespace meshprobe
