// The shape of a pSConfig template, as the schema of perfSONAR 5.2 has it, and of a MeshConfig. Private to
// lib/mesh.
#pragma once

#include "lib/json.hpp"
#include "lib/mesh/validate.hpp"

#include <vector>

namespace meshprobe {

/// `is_part`: an included document, which may lack any section.
void check_template_schema(const nlohmann::json& document, bool is_part, std::vector<MeshProblem>& problems);

/// Of a legacy MeshConfig with its includes merged: what its translation leaves out because it is of the
/// wrong type.
void find_meshconfig_misfits(const nlohmann::json& config, std::vector<MeshProblem>& problems);
/// All these, and what the translation cannot do without.
void check_meshconfig_schema(const nlohmann::json& config, std::vector<MeshProblem>& problems);

} // namespace meshprobe
