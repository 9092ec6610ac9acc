// One YAML file as a tree, or what is wrong with it. Strict where YAML is lenient: UTF-8 only, one document,
// no key twice, no tags of the user's own; bounded where YAML is not: size, depth, and what aliases expand
// to.
#pragma once

#include "lib/config/problem.hpp"
#include "lib/config/tree.hpp"

#include <string_view>

namespace meshprobe {

inline constexpr std::size_t largest_configuration_file = 8U << 20U;

/// An empty document is a tree of kind `empty`. Scalars keep their text: nothing is a number or a boolean
/// yet, `NO`, `~`, `010` and `null` included. A problem is always of scope `whole`.
[[nodiscard]] tl::expected<Node::Pointer, Problem> parse_yaml(std::string_view text, const std::string& file);

} // namespace meshprobe
