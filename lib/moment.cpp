#include "lib/moment.hpp"

#include "lib/trimmed.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>

namespace meshprobe {

namespace {

constexpr std::int64_t day_seconds = 86400;
constexpr std::int64_t last_second = 253'402'300'799; // of the year 9999

/// A date and a time of day, of no zone yet; counted as if it were UTC.
using WallSeconds = std::int64_t;

std::int64_t offset_at(std::int64_t time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm local{};
    return ::localtime_r(&seconds, &local) != nullptr ? local.tm_gmtoff : 0;
}

/// When the clock on the wall shows this. No zone changes its offset twice within two days.
std::int64_t moment_of(WallSeconds wall, RangeEdge edge) {
    const auto before = offset_at(wall - day_seconds);
    const auto after = offset_at(wall + day_seconds);
    const auto by_before = wall - before;
    const auto by_after = wall - after;
    const bool is_before = offset_at(by_before) == before;
    const bool is_after = offset_at(by_after) == after;
    if (is_before && is_after) return edge == RangeEdge::begin ? by_before : by_after; // the same, or twice
    if (is_before) return by_before;
    if (is_after) return by_after;
    // Skipped: the first second of the new offset.
    auto low = std::min(by_before, by_after) - 1;
    auto high = std::max(by_before, by_after) + 1;
    while (high - low > 1) {
        const auto middle = low + (high - low) / 2;
        (offset_at(middle) == before ? low : high) = middle;
    }
    return high;
}

bool take_word(std::string_view& rest, std::string_view word) {
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    return true;
}

/// Exactly so many digits.
std::optional<int> take_digits(std::string_view& rest, std::size_t digits) {
    int number = 0;
    if (rest.size() < digits) return std::nullopt;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + digits, number);
    if (error != std::errc{} || end != rest.data() + digits || number < 0 || rest.front() == '-')
        return std::nullopt;
    rest.remove_prefix(digits);
    return number;
}

std::optional<WallSeconds> take_date(std::string_view& rest) {
    using namespace std::chrono;
    const auto y = take_digits(rest, 4);
    if (!y || !take_word(rest, "-")) return std::nullopt;
    const auto m = take_digits(rest, 2);
    if (!m || !take_word(rest, "-")) return std::nullopt;
    const auto d = take_digits(rest, 2);
    if (!d) return std::nullopt;
    const year_month_day date{year(*y), month(static_cast<unsigned>(*m)),
                              std::chrono::day(static_cast<unsigned>(*d))};
    if (!date.ok()) return std::nullopt;
    return duration_cast<seconds>(sys_days(date).time_since_epoch()).count();
}

/// HH:MM[:SS[.fraction]]
std::optional<WallSeconds> take_time(std::string_view& rest) {
    const auto hour = take_digits(rest, 2);
    if (!hour || *hour > 23 || !take_word(rest, ":")) return std::nullopt;
    const auto minute = take_digits(rest, 2);
    if (!minute || *minute > 59) return std::nullopt;
    int second = 0;
    if (take_word(rest, ":")) {
        const auto number = take_digits(rest, 2);
        if (!number || *number > 60) return std::nullopt;
        second = std::min(*number, 59); // a leap second: no such thing in UNIX time
        if (take_word(rest, ".")) {
            const auto end = std::min(rest.find_first_not_of("0123456789"), rest.size());
            if (end == 0) return std::nullopt;
            rest.remove_prefix(end);
        }
    }
    return *hour * 3600L + *minute * 60L + second;
}

struct Zone {
    bool is_local = true;
    std::int64_t offset = 0; ///< east of Greenwich, seconds
};

/// "Z", " UTC", "+01:00", "-0500"; nothing: local time.
std::optional<Zone> take_zone(std::string_view& rest) {
    if (rest.empty()) return Zone{};
    if (take_word(rest, "Z") || take_word(rest, "z") || take_word(rest, " UTC") || take_word(rest, " Z"))
        return Zone{false, 0};
    if (take_word(rest, " ")) {
    }
    const bool is_west = rest.starts_with('-');
    if (!take_word(rest, "+") && !take_word(rest, "-")) return std::nullopt;
    const auto hours = take_digits(rest, 2);
    take_word(rest, ":");
    const auto minutes = take_digits(rest, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::int64_t offset = *hours * 3600L + *minutes * 60L;
    return Zone{false, is_west ? -offset : offset};
}

WallSeconds local_midnight(std::int64_t now) {
    const auto wall = now + offset_at(now);
    return wall - wall % day_seconds;
}

std::optional<std::int64_t> parse_calendar(std::string_view text, std::int64_t now, RangeEdge edge) {
    auto rest = text;
    auto wall = take_date(rest);
    bool has_time = false;
    if (!wall) {
        rest = text;
        wall = local_midnight(now);
        const auto time = take_time(rest);
        if (!time) return std::nullopt;
        *wall += *time;
        has_time = true;
    } else if (rest.size() > 1 && (rest.front() == 'T' || rest.front() == 't' || rest.front() == ' ')) {
        auto after = rest.substr(1);
        if (const auto time = take_time(after)) {
            *wall += *time;
            rest = after;
            has_time = true;
        }
    }
    if (!has_time && rest.size() > 4) return std::nullopt; // a day has a zone only as " UTC"
    const auto zone = take_zone(rest);
    if (!zone || !rest.empty()) return std::nullopt;
    return zone->is_local ? moment_of(*wall, edge) : *wall - zone->offset;
}

std::optional<std::int64_t> parse_word(std::string_view text, std::int64_t now, RangeEdge edge) {
    if (text == "now") return now;
    constexpr std::array days{std::pair{"yesterday", -1}, std::pair{"today", 0}, std::pair{"tomorrow", 1}};
    for (const auto& [word, distance] : days) {
        if (text == word) return moment_of(local_midnight(now) + distance * day_seconds, edge);
    }
    return std::nullopt;
}

/// "-3d", "+1h", "3 days ago"
std::optional<std::int64_t> parse_distance(std::string_view text, std::int64_t now) {
    const bool is_ago = text.ends_with(" ago");
    if (!is_ago && !text.starts_with('-') && !text.starts_with('+')) return std::nullopt;
    const bool is_back = is_ago || text.front() == '-';
    const auto duration = parse_duration(trimmed(is_ago ? text.substr(0, text.size() - 4) : text.substr(1)));
    if (!duration) return std::nullopt;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
    return is_back ? now - seconds : now + seconds;
}

std::optional<std::int64_t> parse_epoch(std::string_view text) {
    const bool is_marked = text.starts_with('@');
    if (is_marked) text.remove_prefix(1);
    if (!is_marked && text.size() < 9) return std::nullopt; // "2026" is no second of 1970
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
    return seconds;
}

} // namespace

Result<std::int64_t> parse_moment(std::string_view text, std::int64_t now, RangeEdge edge) {
    const auto words = trimmed(text);
    std::optional<std::int64_t> moment;
    if (!words.empty()) moment = parse_word(words, now, edge);
    if (!moment && !words.empty()) moment = parse_epoch(words);
    if (!moment) moment = parse_distance(words, now);
    if (!moment) moment = parse_calendar(words, now, edge);
    if (moment && *moment >= 0 && *moment <= last_second) return *moment;
    return fail(ErrorKind::usage,
                fmt::format("expected a time such as \"2026-11-01 14:00\" (local time), "
                            "\"2026-11-01T14:00:00Z\", \"3 days ago\" or \"@1793541600\", got \"{}\"",
                            text.substr(0, 100)));
}

} // namespace meshprobe
