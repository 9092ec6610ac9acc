// What the tuples of one document are read for: each is looked at once, as there may be millions.
#pragma once

#include "ctl/refresh/facts.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/expected.hpp"

namespace meshprobe {

/// Adds what the enabled tuples of all enabled tasks say to what other documents have said. `document` as for
/// MeshExpansion.
void read_tuples(const nlohmann::json& document, const MeshOracle& oracle, ExpectedWriter& expected,
                 MeshFacts& facts);

} // namespace meshprobe
