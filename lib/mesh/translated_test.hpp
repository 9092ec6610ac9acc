// The parameters of a MeshConfig test as a pSConfig test and schedule. Private to lib/mesh.
#pragma once

#include "lib/json.hpp"

namespace meshprobe {

[[nodiscard]] nlohmann::json translated_test(const nlohmann::json& parameters);
/// null: it runs continuously, or says nothing about its interval.
[[nodiscard]] nlohmann::json translated_schedule(const nlohmann::json& parameters);

} // namespace meshprobe
