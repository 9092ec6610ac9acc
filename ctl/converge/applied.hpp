// What converge brought about last: /run/meshprobe/applied, root-owned, gone at the next boot. The difference
// to what is wanted now is all that converge acts on. The list of loaded units would not do: an instance that
// an administrator stopped is unloaded and looks just like one that is new.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <optional>
#include <set>
#include <string>

namespace meshprobe {

struct Applied {
    std::string activation;         ///< of meshprobe.target, while which this was done
    std::set<std::string> units;    ///< that were wanted and started
    std::set<std::string> problems; ///< of the configuration that the journal was told of

    bool operator==(const Applied&) const = default;
};

/// nullopt: nothing was applied since the boot. A damaged file counts as none.
[[nodiscard]] Result<std::optional<Applied>> read_applied(const Paths& paths);
[[nodiscard]] Status write_applied(const Paths& paths, const Applied& applied);

} // namespace meshprobe
