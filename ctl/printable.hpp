// Text that strangers wrote, made harmless for terminals and logs.
#pragma once

#include <string>
#include <string_view>

namespace meshprobe {

/// Control characters, those of Unicode's C1 block too, become '?'; line feeds stay. UTF-8 stays as it is.
[[nodiscard]] std::string printable(std::string_view text);

/// The same without line feeds: for a line in a log.
[[nodiscard]] std::string one_line(std::string_view text);

} // namespace meshprobe
