// One back-fill, from where it stands to its end: `meshprobe-probe --backfill ID`. What it is to do stands in
// its job (lib/backfill/job.hpp); how far it is, in a checkpoint of its own.
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/exit_code.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"
#include "probe/stop.hpp"

namespace meshprobe {

/// Logs what is to be logged, and leaves the job's state. `deferred`: it runs already, or was told to stop.
[[nodiscard]] ExitCode run_backfill(const Paths& paths, const BackfillJob& job, Stop& stop,
                                    const Journal& journal);

} // namespace meshprobe
