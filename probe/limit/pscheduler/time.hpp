// The times of limit documents: ISO 8601, with the fields as the zone of the text has them.
#pragma once

#include "lib/units_of_measure.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe::pscheduler {

struct IsoTime {
    std::chrono::sys_seconds utc;
    std::chrono::seconds offset{0}; ///< of the zone; a text without one is UTC

    bool operator<(const IsoTime& other) const { return utc < other.utc; }
};

/// YYYY-MM-DD[Thh:mm[:ss[.f]][Z|±hh[:]mm]]; a space may stand for T. nullopt: none, or no time that there is.
[[nodiscard]] std::optional<IsoTime> parse_iso_time(std::string_view text);

/// A clock in the zone of a time, as run-schedule counts.
struct CalendarFields {
    int year = 0;
    int month = 0;   ///< 1–12
    int week = 0;    ///< ISO, 1–53
    int day = 0;     ///< 1–31
    int weekday = 0; ///< ISO, Monday 1 … Sunday 7
    int hour = 0, minute = 0, second = 0;
};
[[nodiscard]] CalendarFields fields_of(const IsoTime& time);

} // namespace meshprobe::pscheduler
