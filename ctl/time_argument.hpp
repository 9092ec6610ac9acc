// A moment as people type it on a command line.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"
#include "lib/error.hpp"

#include <string_view>

namespace meshprobe {

/// RFC 3339 with a zone ("2026-11-22T10:00:00Z", "…+01:00"); the same without one, with 'T' or a blank and
/// with or without seconds, is local time; digits alone are seconds since 1970; "2h ago" is before `now`.
/// `usage` error otherwise.
[[nodiscard]] Result<Timestamp> parse_time_argument(std::string_view text, Timestamp now);

} // namespace meshprobe
