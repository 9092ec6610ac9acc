// systemd's calendar expressions, as far as to know that a timer will accept one: systemd.time(7).
#pragma once

#include <string_view>

namespace meshprobe {

/// "hourly", "Mon..Fri *-*-* 06,18:00/15 UTC" … Only UTC and names like "Europe/Zurich" count as time zones.
[[nodiscard]] bool is_calendar_expression(std::string_view text);

} // namespace meshprobe
