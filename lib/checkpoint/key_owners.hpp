// Which host each metadata key was seen with first: alias/keys/TASK/NNN, lines "KEY HOST", the last one of a
// key counts. A key's file is chosen by its checksum, so that looking up a host's keys reads little however
// many hosts there are. Only keys that are new to a checkpoint are looked up: a run with nothing new opens
// nothing.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/paths.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class KeyOwners {
  public:
    /// Waits for the task's lock, which is held until destruction: never over a request.
    [[nodiscard]] static Result<KeyOwners> open(const Paths& paths, std::string_view task);

    /// For each key its owner; empty: nobody.
    [[nodiscard]] Result<std::vector<std::string>> find(std::span<const std::string> keys) const;

    /// Durable when it returns: before anything of these keys is delivered.
    [[nodiscard]] Status claim(std::span<const std::string> keys, std::string_view host);

  private:
    KeyOwners(std::filesystem::path directory, FileLock lock)
        : directory_(std::move(directory)), lock_(std::move(lock)) {}

    std::filesystem::path directory_;
    FileLock lock_;
};

} // namespace meshprobe
