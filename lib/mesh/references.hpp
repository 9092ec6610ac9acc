// Whether the names that a template uses exist in it. Private to lib/mesh.
#pragma once

#include "lib/json.hpp"
#include "lib/mesh/validate.hpp"

#include <vector>

namespace meshprobe {

/// As upstream checks them, and besides: classes that filters name, selectors in excludes.
void check_references(const nlohmann::json& document, std::vector<MeshProblem>& problems);

} // namespace meshprobe
