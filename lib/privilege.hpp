// Giving up root. On the real root every tree of state has its user; what root does there by hand, or
// converge for a host that is gone, is done as that user, so that no file of root's is ever left behind.
#pragma once

#include "lib/error.hpp"

#include <filesystem>

namespace meshprobe {

/// Becomes the owner of `directory` for good, with that user's groups. Does nothing if the caller is not
/// root, or the owner is.
[[nodiscard]] Status become_owner_of(const std::filesystem::path& directory);

} // namespace meshprobe
