// Giving up root. On the real root every tree of state has its user; what root does there by hand, or
// converge for a host that is gone, is done as that user, so that no file of root's is ever left behind.
#pragma once

#include "lib/error.hpp"

#include <sys/types.h>

#include <filesystem>
#include <utility>
#include <vector>

namespace meshprobe {

/// Becomes the owner of `directory` for good, with that user's groups. Does nothing if the caller is not
/// root, or the owner is.
[[nodiscard]] Status become_owner_of(const std::filesystem::path& directory);

/// The same for a while, so that files are made as that user; then root again.
class ActingOwner {
  public:
    [[nodiscard]] static Result<ActingOwner> of(const std::filesystem::path& directory);
    ActingOwner(ActingOwner&& other) noexcept
        : is_acting_(std::exchange(other.is_acting_, false)), groups_(std::move(other.groups_)) {}
    ActingOwner& operator=(ActingOwner&&) = delete;
    ~ActingOwner();

  private:
    ActingOwner() = default;
    bool is_acting_ = false;
    std::vector<gid_t> groups_; ///< of root
};

} // namespace meshprobe
