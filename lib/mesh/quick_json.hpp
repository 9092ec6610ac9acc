// The fast way from text to JSON: simdjson reads it, several times as fast as nlohmann/json does. Private to
// lib/mesh.
#pragma once

#include "lib/json.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace meshprobe {

/// What json::parse() would give, without the members whose name begins with '#'. nullopt for whatever is not
/// plainly good JSON of at most `deepest` nested brackets, numbers out of range included: then the slow way
/// finds out what it is. `has_twins`: some object has a member twice.
[[nodiscard]] std::optional<nlohmann::json> parse_quickly(std::string_view text, std::size_t deepest,
                                                          bool* has_twins = nullptr);

} // namespace meshprobe
