// From the YAML files of a root to a Config, or to a list of everything that is wrong with them.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/problem.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <string>
#include <vector>

namespace meshprobe {

struct LoadedConfig {
    Config config;
    std::vector<Problem> problems;
    /// The files are broken as a whole, and `config` is the last one that was not
    /// (Paths::plan()/config.json).
    bool kept = false;
    std::shared_ptr<const Node> tree; ///< for `meshprobectl config`: every value with the file it comes from
};

/// Reads, merges and checks. An error only if the files are broken as a whole and nothing was kept.
/// Uses the compiled configuration in Paths::plan() when it is younger than no file (size, mtime, inode).
[[nodiscard]] Result<LoadedConfig> load_config(const Paths& paths);

/// The same without looking at what was kept or compiled: what `meshprobectl check` judges.
[[nodiscard]] LoadedConfig read_config(const Paths& paths);

/// Keeps a configuration without problems of scope `whole` for the day the files break; needs root (converge,
/// apply, once). Does nothing if that very configuration is kept already.
[[nodiscard]] Status keep_config(const Paths& paths, const LoadedConfig& loaded);

} // namespace meshprobe
