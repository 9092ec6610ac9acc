// Which addresses of a template a class selector stands for. Private to lib/mesh.
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>
#include <vector>

namespace meshprobe {

/// Names of `addresses` entries, sorted. What only DNS or jq could decide counts as a member: a host asked in
/// vain is better than a host forgotten. A class of the requesting agent's own addresses has no members here.
[[nodiscard]] std::vector<std::string_view> addresses_of_class(const nlohmann::json& document,
                                                               std::string_view name);

} // namespace meshprobe
