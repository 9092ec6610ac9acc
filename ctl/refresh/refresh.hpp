// One refresh of all meshes: crawl, settle, write, publish, and a line in the journal for what is news.
#pragma once

#include "lib/error.hpp"
#include "lib/exit_code.hpp"
#include "lib/file.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"

#include <functional>
#include <string>
#include <vector>

namespace meshprobe {

/// success; partial: some mesh or document cannot be had; unreachable: no mesh at all; else the worst local
/// fault. An error: nothing could be done at all.
[[nodiscard]] Result<ExitCode> refresh_meshes(const Paths& paths, const Journal& journal,
                                              const std::function<bool()>& stop);

/// `meshprobectl mesh accept`: the held removals of `mesh` are done and published; returns the hosts that
/// went.
[[nodiscard]] Result<std::vector<std::string>> accept_held_removals(const Paths& paths,
                                                                    const std::string& mesh);

/// Held while the state of the meshes is read, judged and written; waits.
[[nodiscard]] Result<FileLock> lock_mesh_state(const Paths& paths);

} // namespace meshprobe
