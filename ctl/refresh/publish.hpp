// The union over all meshes, as the others read it: mesh/hosts (lib/host_list.hpp) and mesh/records
// (lib/host_record.hpp).
// Written only where something changed, so that the path unit that watches `hosts` fires for a reason.
#pragma once

#include "lib/config/load.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace meshprobe {

struct Publication {
    std::size_t hosts = 0; ///< in the list
    std::size_t aliases = 0;
    std::vector<std::string> added; ///< to the list
    std::vector<std::string> removed;
    bool written = false; ///< the list, not just a record
};

enum class Dns {
    ask,      ///< where merge-same-address wants it
    remember, ///< decide by what was resolved last
};

/// A mesh whose own section of the configuration is faulty keeps its hosts, for that is no wish to be rid of
/// them.
[[nodiscard]] bool is_in_force(const LoadedConfig& loaded, const std::string& mesh);

/// Under the lock of lock_mesh_state(). An unreadable state of a mesh in force is an error, and nothing is
/// changed.
[[nodiscard]] Result<Publication> publish_hosts(const Paths& paths, const LoadedConfig& loaded, Dns dns,
                                                const std::function<bool()>& stop);

} // namespace meshprobe
