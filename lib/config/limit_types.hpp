// The types of limits that there are.
#pragma once

#include <array>
#include <string_view>

namespace meshprobe {

inline constexpr std::array<std::string_view, 8> limit_types{"age",        "size", "rate",      "value-range",
                                                             "event-type", "pair", "duplicate", "pscheduler"};

} // namespace meshprobe
