// Durations as systemd ("5min", "1h 30min") or ISO 8601 ("PT5M", "P1DT12H") write them, sizes as "64K",
// "10M".
#pragma once

#include "lib/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace meshprobe {

using Seconds = std::chrono::seconds;
using Microseconds = std::chrono::microseconds;

/// A bare number is seconds. Negative, empty, overflowing and calendar-dependent (P1Y, P1M) values are
/// errors.
[[nodiscard]] Result<Microseconds> parse_duration(std::string_view text);
/// "5min", "1h 30min", "2d": what parse_duration() reads back as the same value.
[[nodiscard]] std::string format_duration(Microseconds duration);

/// Bytes; suffixes K M G T are powers of 1024.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// "1 host", "3 hosts"
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

/// "2026-11-22T10:00:00Z"
[[nodiscard]] std::string format_utc(std::chrono::system_clock::time_point time);
[[nodiscard]] std::string format_utc(std::int64_t seconds); ///< since 1970, as the timestamps of results are

} // namespace meshprobe
