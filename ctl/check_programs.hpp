// What the configuration leaves to others to understand: limit documents, which are files of their own or
// JSON in its text, and jq programs. They are judged as the probe does, and so is what follows from a fault.
#pragma once

#include "lib/config/load.hpp"
#include "lib/paths.hpp"

namespace meshprobe {

/// Adds to `loaded.problems`; with `loaded.tree`. Errors, but for what is no fault of the configuration:
/// files that the caller may not read, documents that refresh has not fetched yet.
void check_programs(const Paths& paths, LoadedConfig& loaded);

} // namespace meshprobe
