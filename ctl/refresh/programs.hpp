// The jq programs that stand in mesh documents: filters of address classes, variables in archives.
#pragma once

#include "lib/mesh/expansion.hpp"
#include "lib/units_of_measure.hpp"

namespace meshprobe {

/// For one refresh: all programs of all meshes get `together`; what they do not say by then is not known.
/// Costs nothing before the first program.
[[nodiscard]] JqAnswer run_mesh_programs(Microseconds together = std::chrono::seconds(20));

} // namespace meshprobe
