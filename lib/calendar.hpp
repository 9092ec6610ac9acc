// When timers elapse: intervals and calendar expressions as systemd writes them, systemd.time(7).
//
// An interval becomes a calendar expression because only those keep each instance's phase over reloads and
// reboots. That works for what divides a minute, an hour or a day; other intervals are rounded down.
#pragma once

#include "lib/error.hpp"
#include "lib/units_of_measure.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace meshprobe {

/// The longest divisor of 60 s, 60 min or 24 h that is not longer than `interval`; at least 1 s.
[[nodiscard]] Microseconds round_interval(Microseconds interval);

/// What to write after OnCalendar=, for round_interval(interval): 5 min is `*:0/5:00 UTC`.
[[nodiscard]] std::string on_calendar(Microseconds interval);

/// Is this what systemd accepts after OnCalendar=? A timer with an expression that it refuses would be active
/// and never elapse, and stay so after the mend. Stricter than systemd only in that shortcuts and names of
/// days are wanted in ASCII, without control characters.
[[nodiscard]] Status check_calendar(std::string_view expression);

/// Whether a day from `today` on is among those of an expression that check_calendar() accepts. With
/// `2020-01-01` or `*-02-30` none is, and a timer never elapses: systemd says nothing of it.
[[nodiscard]] bool has_day_from(std::string_view expression, std::chrono::sys_days today);

} // namespace meshprobe
