// From the merged tree to a Config: everything is read, checked, and cross-checked once.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/problem.hpp"
#include "lib/config/tree.hpp"

#include <string>
#include <vector>

namespace meshprobe {

enum class References {
    checked,
    unchecked, ///< a file could not be read: what it would have defined is not to be missed
};

/// Where an entry stands: {"hosts", "ps1.example.org"}.
using EntryPath = std::vector<std::string>;

struct Built {
    Config config;
    std::vector<EntryPath> faulty; ///< entries with errors
};

/// `problems` null: they are found, but not reported.
[[nodiscard]] Built build_config(const Node::Pointer& tree, std::vector<Problem>* problems,
                                 References references = References::checked);

} // namespace meshprobe
