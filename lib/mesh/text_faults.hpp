// What a text holds that JSON libraries silently drop: of members that stand twice in one object they take
// one, and not all the same one. Private to lib/mesh.
#pragma once

#include "lib/mesh/problem.hpp"

#include <string_view>
#include <vector>

namespace meshprobe {

/// Members that stand twice, and values that are nested more than `deepest_nesting` deep; not those of
/// comments, and at most a thousand.
void find_text_faults(std::string_view text, std::vector<MeshProblem>& problems);

} // namespace meshprobe
