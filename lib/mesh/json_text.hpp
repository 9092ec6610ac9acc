// From the text of a mesh document to JSON, within bounds, and small lenient looks into it: what strangers
// write is often almost right.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/mesh_name.hpp"
#include "lib/mesh/problem.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

inline constexpr std::size_t deepest_nesting = 64;

/// Members whose name begins with '#' are comments and are dropped at any depth. What is not JSON is a
/// `protocol` error that says what it looks like instead: an HTML page with its title, an empty body, JSON
/// that ends early …
///
/// What harms only its own place is mended instead, and added to `problems`: bytes that are no UTF-8, halves
/// of surrogate pairs, values nested deeper than `deepest_nesting` (null stands for them), and members that
/// stand twice.
[[nodiscard]] Result<nlohmann::json> parse_json_text(std::string_view text,
                                                     std::vector<MeshProblem>* problems = nullptr);

/// "a JSON object with the members "error", "message"", "an empty JSON object", "a JSON string" …
[[nodiscard]] std::string describe_json(const nlohmann::json& value);

/// nullptr if `object` is none, or lacks the member.
[[nodiscard]] const nlohmann::json* find_member(const nlohmann::json& object, std::string_view name);
/// An empty object, array or string stands for a member that is missing or of another type.
[[nodiscard]] const nlohmann::json& object_member(const nlohmann::json& object, std::string_view name);
[[nodiscard]] const nlohmann::json& array_member(const nlohmann::json& object, std::string_view name);
[[nodiscard]] const std::string& string_member(const nlohmann::json& object, std::string_view name);
/// Also one that is written as a string; nullopt: it is none.
[[nodiscard]] std::optional<double> number_member(const nlohmann::json& object, std::string_view name);
/// true, 1, "1", "true", "yes": real files hold them all.
[[nodiscard]] bool bool_member(const nlohmann::json& object, std::string_view name);

} // namespace meshprobe
