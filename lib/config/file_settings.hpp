// What the archiver `file` is told beside its path.
#pragma once

#include "lib/units_of_measure.hpp"

#include <cstdint>
#include <optional>

namespace meshprobe {

enum class Compress { none, zstd };

/// When a file is put away, and what becomes of it then; all unset: never.
struct FileSettings {
    std::optional<std::uint64_t> rotate_size; ///< bytes
    std::optional<Microseconds> rotate_age;
    unsigned rotate_keep = 0; ///< so many stay; 0: all
    Compress rotate_compress = Compress::none;
};

} // namespace meshprobe
