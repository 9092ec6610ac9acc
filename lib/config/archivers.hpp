// The archivers: what can stand behind an archive, and what each makes of the archive's section.
#pragma once

#include "lib/config/archive.hpp"
#include "lib/config/reader.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Archiver {
    std::string_view name;
    /// Words: the keys that mean something to it, beside those that every archive has.
    std::string_view keys;
    /// The other side says what it has, durably; otherwise delivery is best effort.
    bool confirms = true;
    /// What is missing in the section, and what contradicts; it fills in what follows from other keys.
    void (*judge)(Reader& reader, const Node::Entry& entry, Archive& archive);
};

/// In the order of their names.
[[nodiscard]] std::span<const Archiver> archivers();
[[nodiscard]] std::vector<std::string_view> archiver_names();
/// nullptr: this version has none of that name.
[[nodiscard]] const Archiver* find_archiver(std::string_view name);

} // namespace meshprobe
