#include "ctl/time_argument.hpp"

#include "lib/pscheduler/run_document.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <time.h> // NOLINT(modernize-deprecated-headers): strptime()

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace meshprobe {

namespace {

std::optional<Timestamp> read_local(const std::string& text) {
    for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"}) {
        std::tm broken_down{};
        const char* end = ::strptime(text.c_str(), form, &broken_down);
        if (end == nullptr || *end != '\0') continue;
        broken_down.tm_isdst = -1; // whatever was in force then
        return std::mktime(&broken_down);
    }
    return std::nullopt;
}

/// "…Z", "…+01:00": behind the date, in which there are signs as well.
bool has_zone(std::string_view text) {
    constexpr std::size_t date = 10;
    return text.size() > date && text.substr(date).find_first_of("Zz+-") != std::string_view::npos;
}

} // namespace

Result<Timestamp> parse_time_argument(std::string_view text, Timestamp now) {
    std::optional<Timestamp> time;
    constexpr std::string_view ago = " ago";
    const bool is_number =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number) {
        Timestamp seconds = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec == std::errc{})
            time = seconds;
    } else if (text.ends_with(ago)) {
        const auto span = parse_duration(text.substr(0, text.size() - ago.size()));
        if (span) time = now - span->count() / 1'000'000;
    } else if (has_zone(text)) {
        time = parse_timestamp(text);
    } else {
        time = read_local(std::string(text));
    }
    if (time && *time > 0 && *time <= latest_timestamp) return *time;
    return fail(
        ErrorKind::usage,
        fmt::format("\"{}\" is no time: expected one such as 2026-11-22T10:00:00Z, \"2026-11-22 10:00\" "
                    "(local time), \"2h ago\", or seconds since 1970",
                    text));
}

} // namespace meshprobe
