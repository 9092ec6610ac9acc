#include "lib/calendar.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace meshprobe {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0;;) {
        const auto end = text.find(separator, begin);
        parts.push_back(text.substr(begin, end - begin));
        if (end == std::string_view::npos) return parts;
        begin = end + 1;
    }
}

/// What may stand for seconds, minutes, …, and what systemd calls them valid for.
struct Range {
    int from;
    int to;
    bool fractions = false;
    bool from_the_end = false; ///< days before the end of the month
};

/// Millionths, so that seconds may have a fraction.
std::optional<long> parse_value(std::string_view text, const Range& range) {
    const auto dot = range.fractions ? text.find('.') : std::string_view::npos;
    const auto whole = text.substr(0, dot);
    if (whole.empty() || whole.size() > 4 || !std::ranges::all_of(whole, is_digit)) return {};
    long value = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), value);
    long fraction = 0;
    if (dot != std::string_view::npos) {
        const auto digits = text.substr(dot + 1);
        if (digits.empty() || digits.size() > 18 || !std::ranges::all_of(digits, is_digit)) return {};
        for (std::size_t at = 0; at < 6; ++at)
            fraction = fraction * 10 + (at < digits.size() ? digits[at] - '0' : 0);
    }
    return value * 1'000'000 + fraction;
}

/// `VALUE`, `FROM..TO`, each with `/REPEAT`. systemd refuses a repetition of a single value that leaves no
/// room for one (`50/20` minutes), and takes one of a range for the range's beginning alone.
bool is_item(std::string_view text, const Range& range) {
    const long from = range.from * 1'000'000L;
    const long to = range.to * 1'000'000L + (range.fractions ? 999'999 : 0);
    const auto slash = text.find('/');
    long repeat = 0;
    if (slash != std::string_view::npos) {
        const auto value = parse_value(text.substr(slash + 1), range);
        if (!value || *value == 0) return false;
        repeat = *value;
        text = text.substr(0, slash);
    }
    // Two dots make a range, one makes a fraction; look for the range first.
    const auto dots = text.find("..");
    const auto first = parse_value(text.substr(0, dots), range);
    const auto last = dots == std::string_view::npos ? first : parse_value(text.substr(dots + 2), range);
    if (!first || !last || *first > *last) return false;
    const long latest = repeat > 0 ? *last - (*last - *first) % repeat : *last; // the last that comes
    if (*first < from || latest > to) return false;
    if (dots != std::string_view::npos) return !range.fractions || *first < *last;
    return range.from_the_end ? *first - repeat >= from || repeat == 0 : *first + repeat <= to;
}

bool is_component(std::string_view text, const Range& range) {
    if (text == "*") return true;
    const auto items = split(text, ',');
    Range narrowed = range;
    if (range.from_the_end) narrowed.to -= 3 * (static_cast<int>(items.size()) - 1); // an oddity of systemd
    return std::ranges::all_of(items, [&](std::string_view item) { return is_item(item, narrowed); });
}

/// `HH:MM` or `HH:MM:SS`
bool is_time(std::string_view text) {
    static constexpr std::array<Range, 3> ranges{{{0, 23}, {0, 59}, {0, 59, true}}};
    const auto parts = split(text, ':');
    if (parts.size() < 2 || parts.size() > 3) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!is_component(parts[i], ranges.at(i))) return false;
    }
    return true;
}

/// `YYYY-MM-DD` or `MM-DD`; `~` in front of the day counts from the month's end.
bool is_date(std::string_view text) {
    std::array<Range, 3> ranges{{{1970, 2199}, {1, 12}, {1, 31}}};
    std::string date(text);
    if (const auto tilde = date.find('~'); tilde != std::string::npos) {
        if (date.find('-', tilde) != std::string::npos) return false;
        date[tilde] = '-';
        ranges[2] = {
            .from = 1, .to = 28, .from_the_end = true}; // further from the end there is not always a day
    }
    const auto parts = split(date, '-');
    if (parts.size() < 2 || parts.size() > 3) return false;
    const bool is_short_year =
        parts.size() == 3 && parts[0].size() == 2 && std::ranges::all_of(parts[0], is_digit);
    if (is_short_year) ranges[0] = {.from = 0, .to = 99}; // 1970 to 2069
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!is_component(parts[i], ranges.at(i + 3 - parts.size()))) return false;
    }
    return true;
}

/// 0 for Monday.
std::optional<std::size_t> day_number(std::string_view name) {
    static constexpr std::array<std::string_view, 7> days{"monday", "tuesday",  "wednesday", "thursday",
                                                          "friday", "saturday", "sunday"};
    const auto wanted = lower(name);
    const auto* const found = std::ranges::find_if(
        days, [&](std::string_view day) { return wanted == day || wanted == day.substr(0, 3); });
    if (found == days.end()) return {};
    return static_cast<std::size_t>(found - days.begin());
}

bool is_days(std::string_view text) {
    return std::ranges::all_of(split(text, ','), [](std::string_view item) {
        const bool has_dash = item.find('-') != std::string_view::npos; // an older way to write ".."
        const auto to = has_dash ? item.find('-') : item.find("..");
        const auto first = day_number(item.substr(0, to));
        const auto last =
            to == std::string_view::npos ? first : day_number(item.substr(to + (has_dash ? 1 : 2)));
        return first && last && *first <= *last;
    });
}

bool is_shortcut(std::string_view text) {
    static constexpr std::array<std::string_view, 12> shortcuts{
        "minutely", "hourly",    "daily",        "weekly",        "monthly",    "yearly",
        "annually", "quarterly", "semiannually", "semi-annually", "biannually", "bi-annually"};
    return std::ranges::find(shortcuts, lower(text)) != shortcuts.end();
}

/// As systemd does it: a zone is what has a file in the time zone database.
bool is_time_zone(std::string_view text) {
    if (lower(text) == "utc") return true;
    const bool plain = !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+';
    });
    std::error_code error;
    return plain &&
           std::filesystem::is_regular_file(std::filesystem::path("/usr/share/zoneinfo") / text, error);
}

bool is_expression(std::string_view text) {
    const auto words = split(text, ' ');
    auto word = words.begin();
    const auto take = [&](auto&& is) {
        if (word == words.end() || !is(*word)) return false;
        ++word;
        return true;
    };
    bool any = take(is_shortcut);
    if (!any) {
        any = take(is_days);
        any = take(is_date) || any;
        any = take(is_time) || any;
    }
    if (any) take(is_time_zone);
    return any && word == words.end();
}

struct Unit {
    std::chrono::seconds length;
    int count; ///< how many make the next larger unit
};
constexpr std::array<Unit, 3> units{{{seconds(1), 60}, {minutes(1), 60}, {hours(1), 24}}};

} // namespace

Microseconds round_interval(Microseconds interval) {
    Microseconds best = seconds(1);
    for (const auto& unit : units) {
        for (int count = 1; count <= unit.count; ++count) {
            if (unit.count % count == 0 && unit.length * count <= interval) {
                best = std::max<Microseconds>(best, unit.length * count);
            }
        }
    }
    return best;
}

std::string on_calendar(Microseconds interval) {
    const auto length = std::chrono::duration_cast<seconds>(round_interval(interval));
    if (length < minutes(1)) return fmt::format("*:*:0/{} UTC", length.count());
    if (length == minutes(1)) return "*:*:00 UTC";
    if (length < hours(1)) return fmt::format("*:0/{}:00 UTC", length / minutes(1));
    if (length == hours(1)) return "*:00:00 UTC";
    if (length < hours(24)) return fmt::format("0/{}:00:00 UTC", length / hours(1));
    return "00:00:00 UTC";
}

Status check_calendar(std::string_view expression) {
    constexpr std::size_t longest = 256;
    if (expression.size() <= longest && is_expression(expression)) return {};
    return fail(
        ErrorKind::configuration,
        fmt::format("expected a calendar expression like \"Mon..Fri *-*-* 06:00 UTC\" (systemd.time(7), "
                    "single blanks), got \"{}\"",
                    expression.substr(0, longest)));
}

} // namespace meshprobe
