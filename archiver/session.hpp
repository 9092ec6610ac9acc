// One life of an archiver: finds its archive in the configuration, becomes the right user, keeps others out,
// delivers.
#pragma once

#include "lib/exit_code.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"

#include <string>

namespace meshprobe {

/// Logs what it has to say, the reason for any code but `success` included.
[[nodiscard]] ExitCode run_archiver(const Paths& paths, const std::string& name, bool drain,
                                    const Journal& journal);

} // namespace meshprobe
