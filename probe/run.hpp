// One run of the probe: slot, configuration, checkpoint, poll, report.
#pragma once

#include "lib/exit_code.hpp"
#include "lib/instance.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"
#include "probe/stop.hpp"

namespace meshprobe {

/// Logs what is to be logged, and leaves the last result.
[[nodiscard]] ExitCode run_probe(const Paths& paths, const Instance& instance, Stop& stop,
                                 const Journal& journal);

} // namespace meshprobe
