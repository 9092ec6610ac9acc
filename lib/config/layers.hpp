// Which files make the configuration, weakest first: the vendor's file, /etc/meshprobe/meshprobe.yaml, then
// the drop-ins of all directories sorted by name, where equal names in /etc beat /run beat /usr/lib and a
// link to /dev/null masks a name.
#pragma once

#include "lib/config/problem.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// Tells whether a file is still what it was. The change time cannot be set back, and moves with every edit.
struct Stamp {
    std::string path;
    std::uint64_t size = 0;
    std::uint64_t inode = 0;
    std::int64_t modified_nsec = 0;
    std::int64_t changed_nsec = 0;
    bool operator==(const Stamp&) const = default;
};

struct Layers {
    std::vector<Stamp> files;       ///< weakest first; masked ones are left out
    bool has_vendor = false;        ///< the first is the vendor's own
    std::int64_t changed_usec = 0;  ///< when a file or a directory of drop-ins was modified last, UNIX time
    std::int64_t examined_nsec = 0; ///< when the stamps were taken, UNIX time
    std::vector<Problem> problems;  ///< `whole` for what cannot be examined, warnings for odd names
};

/// Looks, but opens no file.
[[nodiscard]] Layers find_layers(const Paths& paths);

} // namespace meshprobe
