#include "lib/units_of_measure.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>
#include <optional>

namespace meshprobe {

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t week = 7 * day;

struct Unit {
    std::string_view name;
    std::int64_t microseconds;
};

// systemd.time(7); months and years are left out: their length depends on the calendar.
constexpr std::array units{
    Unit{"usec", 1},         Unit{"us", 1},          Unit{"msec", 1000},  Unit{"ms", 1000},
    Unit{"seconds", second}, Unit{"second", second}, Unit{"sec", second}, Unit{"s", second},
    Unit{"minutes", minute}, Unit{"minute", minute}, Unit{"min", minute}, Unit{"m", minute},
    Unit{"hours", hour},     Unit{"hour", hour},     Unit{"hr", hour},    Unit{"h", hour},
    Unit{"days", day},       Unit{"day", day},       Unit{"d", day},      Unit{"weeks", week},
    Unit{"week", week},      Unit{"w", week},
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// "P1M", "1M", "2 years": as a calendar, ISO 8601 and systemd.time(7) write them.
bool is_calendar_span(std::string_view text) {
    const auto date = text.substr(0, text.find('T'));
    if (text.starts_with('P')) return date.find_first_of("MY") != std::string_view::npos;
    constexpr std::array<std::string_view, 7> names{"M", "month", "months", "y", "Y", "year", "years"};
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    for (auto start = std::ranges::find_if(text, is_letter); start != text.end();) {
        const auto end = std::find_if_not(start, text.end(), is_letter);
        if (std::ranges::find(names, std::string_view(start, end)) != names.end()) return true;
        start = std::find_if(end, text.end(), is_letter);
    }
    return false;
}

tl::unexpected<Error> no_duration(std::string_view text) {
    return fail(ErrorKind::configuration,
                fmt::format("expected a duration such as \"5min\" or \"PT5M\", got \"{}\"{}", text,
                            is_calendar_span(text)
                                ? "; months and years have no fixed length, use days (\"30d\", \"P30D\")"
                                : ""));
}

/// Takes a number, with or without a fraction, off the front of `rest`.
std::optional<double> take_number(std::string_view& rest) {
    double number = 0;
    if (rest.empty() || !is_digit(rest.front())) return std::nullopt; // from_chars would take "inf" and "-1"
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || *(end - 1) == '.') return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return number;
}

/// Adds without leaving the range that Microseconds can hold.
bool add(std::int64_t& total, double number, std::int64_t unit) {
    const double product = std::round(number * static_cast<double>(unit));
    constexpr double limit = 9.0e18;
    if (!(product < limit) || static_cast<double>(total) + product >= limit) return false;
    total += static_cast<std::int64_t>(product);
    return true;
}

std::optional<std::int64_t> parse_iso_8601(std::string_view text) {
    text.remove_prefix(1); // 'P'
    std::int64_t total = 0;
    std::string_view order = "WD"; // designators still allowed: each once, in this order
    bool any = false;
    while (!text.empty()) {
        if (text.front() == 'T') {
            if (order == "HMS" || order == "MS" || order == "S" || text.size() == 1) return std::nullopt;
            order = "HMS";
            text.remove_prefix(1);
            continue;
        }
        const auto number = take_number(text);
        if (!number || text.empty()) return std::nullopt;
        const auto place = order.find(text.front());
        if (place == std::string_view::npos) return std::nullopt;
        const std::int64_t unit = order[place] == 'W'   ? week
                                  : order[place] == 'D' ? day
                                  : order[place] == 'H' ? hour
                                  : order[place] == 'M' ? minute
                                                        : second;
        if (!add(total, *number, unit)) return std::nullopt;
        order.remove_prefix(place + 1);
        text.remove_prefix(1);
        any = true;
    }
    if (!any) return std::nullopt;
    return total;
}

std::optional<std::int64_t> parse_time_span(std::string_view text) {
    const auto skip_blanks = [&text] {
        while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
            text.remove_prefix(1);
    };
    std::int64_t total = 0;
    skip_blanks();
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const auto number = take_number(text);
        if (!number) return std::nullopt;
        skip_blanks();
        std::size_t length = 0;
        while (length < text.size() && ((text[length] >= 'a' && text[length] <= 'z')))
            ++length;
        const auto name = text.substr(0, length);
        std::int64_t factor = 0;
        if (name.empty()) factor = second;
        for (const auto& unit : units) {
            if (unit.name == name) factor = unit.microseconds;
        }
        if (factor == 0 || !add(total, *number, factor)) return std::nullopt;
        text.remove_prefix(length);
        skip_blanks();
    }
    return total;
}

} // namespace

Result<Microseconds> parse_duration(std::string_view text) {
    const auto parsed = text.starts_with('P') ? parse_iso_8601(text) : parse_time_span(text);
    if (!parsed) return no_duration(text);
    return Microseconds(*parsed);
}

std::string format_duration(Microseconds duration) {
    constexpr std::array parts{Unit{"d", day},    Unit{"h", hour},  Unit{"min", minute},
                               Unit{"s", second}, Unit{"ms", 1000}, Unit{"us", 1}};
    std::int64_t rest = duration.count();
    if (rest == 0) return "0s";
    std::string text;
    for (const auto& part : parts) {
        const auto count = rest / part.microseconds;
        rest %= part.microseconds;
        if (count == 0) continue;
        text += fmt::format("{}{}{}", text.empty() ? "" : " ", count, part.name);
    }
    return text;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto refuse = [&text] {
        return fail(ErrorKind::configuration,
                    fmt::format("expected a size such as \"64K\", \"10M\" or \"4G\", got \"{}\"", text));
    };
    auto rest = text;
    const auto number = take_number(rest);
    if (!number) return refuse();
    constexpr std::string_view suffixes = "KMGT";
    double factor = 1;
    if (!rest.empty()) {
        const auto power = suffixes.find(rest.front());
        if (power == std::string_view::npos ||
            (rest.size() > 1 && rest.substr(1) != "B" && rest.substr(1) != "iB"))
            return refuse();
        factor = std::pow(1024.0, static_cast<double>(power + 1));
    }
    const double bytes = std::round(*number * factor);
    if (!(bytes < 9.0e18)) return refuse();
    return static_cast<std::uint64_t>(bytes);
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> suffixes{"B", "K", "M", "G", "T"};
    auto value = static_cast<double>(bytes);
    std::size_t power = 0;
    while (value >= 1024 && power + 1 < suffixes.size()) {
        value /= 1024;
        ++power;
    }
    return power == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.1f}{}", value, suffixes.at(power));
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string format_utc(std::chrono::system_clock::time_point time) {
    return format_utc(std::int64_t{std::chrono::system_clock::to_time_t(time)});
}

std::string format_utc(std::int64_t seconds) { // further away than a time_point of nanoseconds reaches
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

} // namespace meshprobe
