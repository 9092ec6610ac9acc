// Points in time as people type them, systemd.time(7):
//
//   …T02:30:00Z, … 02:30:00+01:00, … 02:30 UTC                that moment
//   @1793500200, 1793500200                                   seconds since 1970
//   2026-11-01 02:30, 2026-11-01T02:30:00, 2026-11-01, 02:30  local time; a day begins at midnight
//   now, today, yesterday, tomorrow                           the last three: midnight, local time
//   -3d, "3 days ago", "2h 30min ago", +1h                    from now; a day is 24 hours
//
// Fractions of a second are cut off. In the night in which clocks are set back an hour comes twice: as the
// begin of a range its first time is meant, as the end the second one, so that no result is left out. A time
// that clocks skip when they are set forward is the moment of the jump.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <string_view>

namespace meshprobe {

/// What a moment is to be: of an hour that comes twice, the begin means the first, the end the second.
enum class RangeEdge { begin, end };

/// Seconds since 1970, from 0 to the end of the year 9999. `now` likewise; the zone is that of localtime(3).
[[nodiscard]] Result<std::int64_t> parse_moment(std::string_view text, std::int64_t now, RangeEdge edge);

} // namespace meshprobe
