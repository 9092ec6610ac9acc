#include "lib/config/calendar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace meshprobe {

namespace {

constexpr unsigned largest = 9999;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

bool is_number(std::string_view text, unsigned least, unsigned most) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
}

/// Seconds may have a fraction.
bool is_value(std::string_view text, unsigned least, unsigned most, bool fraction) {
    const auto dot = fraction ? text.find('.') : std::string_view::npos;
    if (dot == std::string_view::npos) return is_number(text, least, most);
    const auto digits = text.substr(dot + 1);
    return is_number(text.substr(0, dot), least, most) && !digits.empty() && digits.size() <= 6 &&
           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

/// `*`, `a`, `a..b`, each with `/step`, in a list.
bool is_component(std::string_view text, unsigned least, unsigned most, bool fraction = false) {
    for (auto item : split(text, ',')) {
        if (item == "*") continue;
        if (const auto slash = item.find('/'); slash != std::string_view::npos) {
            if (!is_value(item.substr(slash + 1), fraction ? 0 : 1, largest, fraction)) return false;
            item = item.substr(0, slash);
            if (item == "*") continue;
        }
        const auto range = item.find("..");
        if (range == std::string_view::npos) {
            if (!is_value(item, least, most, fraction)) return false;
        } else if (!is_value(item.substr(0, range), least, most, fraction) ||
                   !is_value(item.substr(range + 2), least, most, fraction)) {
            return false;
        }
    }
    return true;
}

bool is_weekday(std::string_view text) {
    constexpr std::array<std::string_view, 7> days{"monday", "tuesday",  "wednesday", "thursday",
                                                   "friday", "saturday", "sunday"};
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return std::ranges::any_of(
        days, [&lower](std::string_view day) { return lower == day || lower == day.substr(0, 3); });
}

bool are_weekdays(std::string_view text) {
    if (text.ends_with(',')) text.remove_suffix(1);
    return std::ranges::all_of(split(text, ','), [](std::string_view item) {
        const auto range = item.find("..");
        if (range == std::string_view::npos) return is_weekday(item);
        return is_weekday(item.substr(0, range)) && is_weekday(item.substr(range + 2));
    });
}

bool is_date(std::string_view text) {
    std::string_view day;
    const auto tilde = text.find('~'); // counts from the month's end
    if (tilde != std::string_view::npos) {
        day = text.substr(tilde + 1);
        text = text.substr(0, tilde);
    }
    auto parts = split(text, '-');
    if (tilde == std::string_view::npos) {
        day = parts.back();
        parts.pop_back();
    }
    if (parts.empty() || parts.size() > 2) return false;
    if (parts.size() == 2 && !is_component(parts[0], 1970, 2199)) return false;
    return is_component(parts.back(), 1, 12) && is_component(day, 1, 31);
}

bool is_time(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() < 2 || parts.size() > 3) return false;
    return is_component(parts[0], 0, 23) && is_component(parts[1], 0, 59) &&
           (parts.size() == 2 || is_component(parts[2], 0, 59, true));
}

bool is_zone(std::string_view text) {
    if (text == "UTC") return true;
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '+' || c == '/';
    };
    return text.find('/') != std::string_view::npos && text.front() >= 'A' && text.front() <= 'Z' &&
           !text.ends_with('/') && std::ranges::all_of(text, allowed);
}

bool is_shorthand(std::string_view text) {
    constexpr std::array<std::string_view, 12> words{
        "minutely",     "hourly",        "daily",       "weekly",     "monthly", "quarterly",
        "semiannually", "semi-annually", "bi-annually", "biannually", "yearly",  "annually"};
    return std::ranges::find(words, text) != words.end();
}

} // namespace

bool is_calendar_expression(std::string_view text) {
    std::vector<std::string_view> words = split(text, ' ');
    std::erase(words, std::string_view{});
    if (words.empty() || text.size() > 200) return false;
    if (words.size() > 1 && is_zone(words.back())) words.pop_back();
    if (words.size() == 1 && is_shorthand(words.front())) return true;
    std::size_t next = 0;
    if (are_weekdays(words[next])) ++next;
    if (next < words.size() && is_date(words[next])) ++next;
    if (next < words.size() && is_time(words[next])) ++next;
    return next == words.size();
}

} // namespace meshprobe
