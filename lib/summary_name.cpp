#include "lib/summary_name.hpp"

#include <algorithm>
#include <charconv>

namespace meshprobe {

namespace {

constexpr std::size_t longest_event_type = 64;

bool is_event_type_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_event_type(std::string_view text) {
    return !text.empty() && text.size() <= longest_event_type &&
           std::ranges::all_of(text, is_event_type_character);
}

std::optional<std::int64_t> read_window(std::string_view digits) {
    std::int64_t seconds = 0;
    const char* const end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, seconds);
    const bool is_normal = error == std::errc{} && rest == end && seconds >= 0 &&
                           seconds <= SummaryName::longest_window &&
                           (digits.size() == 1 || digits.front() != '0');
    return is_normal ? std::optional(seconds) : std::nullopt;
}

} // namespace

std::optional<SummaryName> parse_summary_name(std::string_view name) {
    const auto first = name.find('/');
    const auto second = first == std::string_view::npos ? first : name.find('/', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    SummaryName summary{.event_type = name.substr(0, first),
                        .type = name.substr(first + 1, second - first - 1),
                        .window = name.substr(second + 1),
                        .seconds = 0};
    const auto seconds = read_window(summary.window);
    const bool is_statistics = summary.type == "statistics";
    const bool is_known = is_statistics || summary.type == "aggregation" || summary.type == "average";
    if (!seconds || !is_known || !is_event_type(summary.event_type)) return std::nullopt;
    if (*seconds == 0 && !is_statistics) return std::nullopt;
    summary.seconds = *seconds;
    return summary;
}

} // namespace meshprobe
