// What a file of results becomes when it is full: PATH.20261127T224512Z beside it, and that with .zst once it
// is compressed. The names sort by time.
#pragma once

#include "lib/error.hpp"

#include <chrono>
#include <filesystem>
#include <vector>

namespace meshprobe {

struct RotatedFile {
    std::filesystem::path path;
    bool is_compressed = false;

    bool operator==(const RotatedFile&) const = default;
};

/// Gives the file at `path` the name of this second for good, or one that comes after all the others' names.
[[nodiscard]] Status rotate(const std::filesystem::path& path, std::chrono::system_clock::time_point now);

/// Those of `path`, oldest first; what a crash left of a compression is removed.
[[nodiscard]] Result<std::vector<RotatedFile>> rotated_files(const std::filesystem::path& path);

/// Where a rotated file is compressed to, and where that is written before it is complete.
[[nodiscard]] std::filesystem::path compressed_name(const std::filesystem::path& rotated);
[[nodiscard]] std::filesystem::path unfinished_name(const std::filesystem::path& rotated);

} // namespace meshprobe
