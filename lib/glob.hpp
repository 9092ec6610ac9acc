// Globs: `*` for any text, `?` for one byte, everything else for itself.
#pragma once

#include <string_view>

namespace meshprobe {

/// Of the whole text. A hostile glob costs no more than its length times that of the text.
[[nodiscard]] bool glob_matches_text(std::string_view glob, std::string_view text);

} // namespace meshprobe
