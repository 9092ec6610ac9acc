// Values with the places they come from, as `meshprobectl config` shows them: YAML with a comment each, or
// JSON.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/schema.hpp"
#include "lib/config/tree.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace meshprobe {

/// One key: a value with its origin, or a mapping of further keys.
struct Effective {
    std::string key;
    Shown value;
    std::string origin; ///< "/etc/meshprobe/meshprobe.yaml:7", "default"; empty for mappings
    bool is_mapping = false;
    std::vector<Effective> entries;
};

[[nodiscard]] Effective mapping(std::string key);

/// Where a node of the tree stands; "default" for null.
[[nodiscard]] std::string origin_of(const Node* node);

/// All keys of an object. `nodes` are the mappings that may have set them, strongest first. Values that are
/// not set, and have no default, are left out.
template <class T>
void add_effective(std::vector<Effective>& entries, const T& object, const Keys<T>& keys,
                   const std::vector<const Node*>& nodes) {
    for (const auto& key : keys) {
        std::vector<const Node*> below;
        for (const auto* node : nodes) {
            if (const auto* found = node->find(key.name)) below.push_back(found);
        }
        Effective entry;
        entry.key = key.name;
        if (!key.nested.empty()) {
            entry.is_mapping = true;
            add_effective(entry.entries, object, key.nested, below);
            if (entry.entries.empty()) continue;
        } else {
            entry.value = key.show(object);
            if (std::holds_alternative<std::monostate>(entry.value)) continue;
            entry.origin = origin_of(below.empty() ? nullptr : below.front());
        }
        entries.push_back(std::move(entry));
    }
}

/// As YAML: two blanks a level, each value with `# origin`.
[[nodiscard]] std::string as_yaml(const std::vector<Effective>& entries);
/// The values as they are, and under "origins" the origin of each: {"meshes.wlcg.url": "/etc/…:2", …}.
[[nodiscard]] nlohmann::ordered_json as_json(const std::vector<Effective>& entries);

} // namespace meshprobe
