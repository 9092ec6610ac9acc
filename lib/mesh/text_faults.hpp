// Objects that have a member twice: JSON libraries silently take one of them, and not all the same one.
// Private to lib/mesh.
#pragma once

#include "lib/mesh/validate.hpp"

#include <string_view>
#include <vector>

namespace meshprobe {

/// `text` is JSON of a bounded depth.
void find_duplicate_names(std::string_view text, std::vector<MeshProblem>& problems);

} // namespace meshprobe
