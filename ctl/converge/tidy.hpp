// What converge does to files: it keeps what is good for the day it is broken, makes the spools of new
// archives, and puts in order what the last probes of removed hosts left.
#pragma once

#include "lib/config/load.hpp"
#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace meshprobe {

/// The hosts of Paths::plan()/hosts: those that were applied last, over boots.
[[nodiscard]] std::set<std::string> known_hosts(const Paths& paths);
/// Copies the list of hosts beside the plan, if every line of it is good and it differs.
[[nodiscard]] Status keep_hosts(const Paths& paths);

/// What systemd-tmpfiles makes for the system's scope; nothing there.
[[nodiscard]] Status make_own_directories(const Paths& paths);

/// Makes spool/ARCHIVE for every archive that is spooled for. In the system's scope it belongs to the
/// archivers' user and the probes' group, as the owners of their trees tell.
[[nodiscard]] Status make_spools(const Paths& paths, const Config& config);

/// Instances with a checkpoint.
[[nodiscard]] std::vector<Instance> instances_with_state(const Paths& paths);
/// Recovers each, as the owner of the checkpoints, in a process of its own: a damaged file of a host that is
/// gone must not keep converge from its work.
[[nodiscard]] Status recover_all(const Paths& paths, const std::vector<Instance>& instances);

} // namespace meshprobe
