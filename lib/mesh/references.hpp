// Whether the names that a template uses exist in it. Private to lib/mesh.
#pragma once

#include "lib/json.hpp"
#include "lib/mesh/validate.hpp"

#include <vector>

namespace meshprobe {

/// As pSConfig checks them: not those in subtasks, in filters, in `excludes` and in `default-address-label`,
/// which select nothing where they name nothing.
void check_references(const nlohmann::json& document, std::vector<MeshProblem>& problems);

} // namespace meshprobe
