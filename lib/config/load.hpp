// From the YAML files of a root to a Config, or to a list of everything that is wrong with them.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/layers.hpp"
#include "lib/config/problem.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct LoadedConfig {
    Config config;
    std::vector<Problem> problems; ///< of the files as they are now, also when `config` is the kept one
    /// The files are broken as a whole, and `config` is the last one that was not
    /// (Paths::plan()/config.json).
    bool kept = false;
    std::int64_t broken_since_usec = 0; ///< if kept: when the files were changed last
    /// Every value with the file it comes from. Null if it was not asked for and the compiled form served.
    std::shared_ptr<const Node> tree;
    std::shared_ptr<const Layers> layers; ///< what was read; null if the compiled form served
};

enum class Detail {
    values, ///< enough to work with
    places, ///< `tree` as well, for `meshprobectl config`
};

/// Reads, merges and checks. An error only if the files are broken as a whole and nothing was kept.
/// Uses the compiled configuration in Paths::plan() while its files are what they were.
///
/// Where a mesh, a task or a glob of hosts has errors, its last good version stays in force if one was kept:
/// a whole fleet may hang on it. Other entries with errors are disabled: see Config.
[[nodiscard]] Result<LoadedConfig> load_config(const Paths& paths, Detail detail = Detail::values);

/// The same without looking at what was kept or compiled: what `meshprobectl check` judges.
[[nodiscard]] LoadedConfig read_config(const Paths& paths);

/// The error that switches a host off, with its place, if a section that is about the host has one; else
/// empty.
[[nodiscard]] std::string fault_of_host(const LoadedConfig& loaded, std::string_view host);

/// Keeps a configuration without problems of scope `whole` for the day the files break; needs root (converge,
/// apply, once). Does nothing if that very configuration is kept already.
[[nodiscard]] Status keep_config(const Paths& paths, const LoadedConfig& loaded);

} // namespace meshprobe
