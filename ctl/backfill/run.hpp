// Runs the jobs of a back-fill, a bounded number at once: each a transient service where systemd runs, a
// child process otherwise (`--root`, containers).
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace meshprobe {

/// Whether services are started: the paths are those of a systemd that runs.
[[nodiscard]] bool runs_as_services(const Paths& paths);

/// Until all have ended, however, those too that another command runs; how they ended stands in their states.
/// `tick` is called twice a second.
/// Services go on when this process ends; children are ended with it, and have committed what they had.
[[nodiscard]] Status run_backfills(const Paths& paths, const std::vector<BackfillJob>& jobs,
                                   std::size_t at_once, const std::function<void()>& tick);

} // namespace meshprobe
