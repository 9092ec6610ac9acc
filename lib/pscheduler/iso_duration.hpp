// Durations within results: ISO 8601, as pScheduler writes them.
#pragma once

#include "lib/json_text/json_value.hpp"
#include "lib/units_of_measure.hpp"

#include <optional>

namespace meshprobe {

/// nullopt: no string, or none of the form P[nW][nD][T[nH][nM][nS]].
[[nodiscard]] inline std::optional<Microseconds> to_duration(const JsonValue& value) {
    const auto text = unescape(value);
    if (!text || !text->starts_with('P')) return std::nullopt;
    const auto duration = parse_duration(*text);
    return duration ? std::optional(*duration) : std::nullopt;
}

/// As Python's timedelta tells them.
[[nodiscard]] inline double to_seconds(Microseconds duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

} // namespace meshprobe
