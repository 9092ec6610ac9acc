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

/// The days of an expression, as far as it names them.
struct Days {
    std::string_view names;    ///< "Mon..Fri,Sun"; empty: any
    std::string date;          ///< the last day of February: "*-02-01", and …
    bool from_the_end = false; ///< … set; empty: any
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

constexpr Range years{1970, 2199};
constexpr Range months{1, 12};
constexpr Range month_days{1, 31};
/// Further from the end there is not always a day.
constexpr Range days_from_the_end{.from = 1, .to = 28, .from_the_end = true};

/// 1970 to 2069
bool is_short_year(std::string_view text) {
    return text.size() == 2 && std::ranges::all_of(text, is_digit);
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
bool is_date(std::string_view text, Days& days) {
    std::array<Range, 3> ranges{{years, months, month_days}};
    std::string date(text);
    if (const auto tilde = date.find('~'); tilde != std::string::npos) {
        if (date.find('-', tilde) != std::string::npos) return false;
        date[tilde] = '-';
        ranges[2] = days_from_the_end;
    }
    const auto parts = split(date, '-');
    if (parts.size() < 2 || parts.size() > 3) return false;
    if (parts.size() == 3 && is_short_year(parts[0])) ranges[0] = {.from = 0, .to = 99};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!is_component(parts[i], ranges.at(i + 3 - parts.size()))) return false;
    }
    days.from_the_end = ranges[2].from_the_end;
    days.date = parts.size() == 2 ? "*-" + date : date;
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

/// `Mon..Fri,Sun`: whether the days are good, and whether `wanted` is among them.
struct DayNames {
    bool good = true;
    bool has = false;
};
DayNames read_day_names(std::string_view text, std::size_t wanted = 0) {
    DayNames result;
    for (const auto item : split(text, ',')) {
        const bool has_dash = item.find('-') != std::string_view::npos; // an older way to write ".."
        const auto to = has_dash ? item.find('-') : item.find("..");
        const auto first = day_number(item.substr(0, to));
        const auto last =
            to == std::string_view::npos ? first : day_number(item.substr(to + (has_dash ? 1 : 2)));
        if (!first || !last || *first > *last) return {.good = false};
        result.has = result.has || (*first <= wanted && wanted <= *last);
    }
    return result;
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

std::optional<Days> parse_expression(std::string_view text) {
    Days days;
    const auto words = split(text, ' ');
    auto word = words.begin();
    const auto take = [&](auto&& is) {
        if (word == words.end() || !is(*word)) return false;
        ++word;
        return true;
    };
    bool any = take(is_shortcut);
    if (!any) {
        any = take([&](std::string_view names) {
            if (!read_day_names(names).good) return false;
            days.names = names;
            return true;
        });
        any = take([&](std::string_view date) { return is_date(date, days); }) || any;
        any = take(is_time) || any;
    }
    if (any) take(is_time_zone);
    if (!any || word != words.end()) return {};
    return days;
}

/// Whether a component that is_component() has found good holds `value`; that of a `month_length` counts from
/// the month's end.
bool holds(std::string_view text, int value, const Range& range, int month_length = 0) {
    if (text == "*") return true;
    const auto is_in = [&](std::string_view item) {
        const auto slash = item.find('/');
        const auto number = [&](std::string_view digits) {
            return static_cast<int>(parse_value(digits, range).value_or(0) / 1'000'000);
        };
        const int repeat = slash == std::string_view::npos ? 0 : number(item.substr(slash + 1));
        item = item.substr(0, slash);
        const auto dots = item.find("..");
        int first = number(item.substr(0, dots));
        int last = first;
        if (dots != std::string_view::npos) {
            last = number(item.substr(dots + 2));
        } else if (repeat > 0) {
            last = range.from_the_end ? 1 : range.to;
        }
        if (range.from_the_end) {
            first = month_length - first + 1;
            last = month_length - last + 1;
            if (last < first) std::swap(first, last);
        }
        return first <= value && value <= last && (value - first) % std::max(1, repeat) == 0;
    };
    return std::ranges::any_of(split(text, ','), is_in);
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
    if (expression.size() <= longest && parse_expression(expression)) return {};
    return fail(
        ErrorKind::configuration,
        fmt::format("expected a calendar expression like \"Mon..Fri *-*-* 06:00 UTC\" (systemd.time(7), "
                    "single blanks), got \"{}\"",
                    expression.substr(0, longest)));
}

bool has_day_from(std::string_view expression, std::chrono::sys_days today) {
    const auto days = parse_expression(expression);
    if (!days) return false;
    if (days->date.empty()) return true;
    const auto parts = split(days->date, '-');
    const std::chrono::year_month_day from(today);
    const Range& day_range = days->from_the_end ? days_from_the_end : month_days;
    for (int y = std::max(static_cast<int>(from.year()), years.from); y <= years.to; ++y) {
        if (is_short_year(parts[0]) ? y >= 2070 || !holds(parts[0], y % 100, years)
                                    : !holds(parts[0], y, years))
            continue;
        for (int m = months.from; m <= months.to; ++m) {
            if (!holds(parts[1], m, months)) continue;
            const auto in_month = std::chrono::year(y) / m;
            const auto length = static_cast<unsigned>((in_month / std::chrono::last).day());
            for (unsigned d = 1; d <= length; ++d) {
                const std::chrono::sys_days date = in_month / static_cast<int>(d);
                if (date < today ||
                    !holds(parts[2], static_cast<int>(d), day_range, static_cast<int>(length)))
                    continue;
                const auto weekday = std::chrono::weekday(date).iso_encoding() - 1;
                if (days->names.empty() || read_day_names(days->names, weekday).has) return true;
            }
        }
    }
    return false;
}

} // namespace meshprobe
