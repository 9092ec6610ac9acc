// nlohmann/json, whose classes are compiled once (json.cpp) instead of in each source that uses them.
#pragma once

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;
extern template class nlohmann::basic_json<nlohmann::ordered_map>;
