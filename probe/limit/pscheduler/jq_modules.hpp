// The two jq modules that come with pScheduler, as definitions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe::pscheduler {

/// "pscheduler/iso8601" or "pscheduler/si"; each name gets `prefix` ("iso::") in front. nullopt: no module of
/// ours.
[[nodiscard]] std::optional<std::string> definitions_of(std::string_view module, std::string_view prefix);

} // namespace meshprobe::pscheduler
