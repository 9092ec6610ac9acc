// The compiled configuration, plan/config.json: the merged tree as JSON, with the stamps of the files it was
// made of. It serves twice: as the cache that spares every probe the YAML, and as the configuration that is
// kept for the day the files break.
#pragma once

#include "lib/config/layers.hpp"
#include "lib/config/tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// One node: ["s",TEXT,FILE,LINE,COLUMN], ["l",[…],…], ["m",{…},…], ["r",{…},…] (a mapping that replaces),
/// ["e",…].
[[nodiscard]] std::string encode_node(const Node& node);
/// Null for text that encode_node() did not make.
[[nodiscard]] Node::Pointer decode_node(std::string_view json);

} // namespace meshprobe
