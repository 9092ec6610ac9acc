// Legacy MeshConfig (perfSONAR before 4.1, and what web administration tools still publish) as the pSConfig
// template that perfSONAR 4.1 to 5.0 translated it to. Private to lib/mesh.
#pragma once

#include "lib/json.hpp"
#include "lib/mesh/oracle.hpp"

namespace meshprobe {

/// `config`: with its includes merged. Read leniently: numbers and booleans may be strings, whatever is
/// missing is left out; what has no counterpart is refused, an ordered_mesh with no more than a remark.
///
/// An archive is named after the host in its read_url, and the first URL of a host wins, as upstream has it.
/// Archives of hosts, sites and organizations belong to hosts, those of tests and of the mesh to tasks,
/// whatever type of test they are for.
[[nodiscard]] nlohmann::json translate_meshconfig(const nlohmann::json& config, RefusalList& refusals);

} // namespace meshprobe
