// Text that strangers wrote, made harmless for terminals and logs.
#pragma once

#include <string>
#include <string_view>

namespace meshprobe {

/// Characters that show nothing but steer what does (controls, those of Unicode's C1 block too, marks of
/// direction, zero widths) become '?'; line feeds stay. All other UTF-8 stays as it is.
[[nodiscard]] std::string printable(std::string_view text);

/// The same without line feeds: for a line in a log or a cell of a table.
[[nodiscard]] std::string one_line(std::string_view text);

} // namespace meshprobe
