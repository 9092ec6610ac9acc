// Texts that are almost JSON, made JSON: what is wrong in one place harms only that place. Private to
// lib/mesh.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace meshprobe {

struct MendedText {
    std::string text;
    /// Where in `text` the first character stands that was none; npos: all were.
    std::size_t first_replaced = std::string::npos;
};

/// In strings, bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD, a character for a byte or
/// an escape. Numbers out of range (1e999) become null, which is of the wrong type wherever a number matters.
[[nodiscard]] MendedText with_sound_values(std::string_view text);

/// `null` for each value in more than `deepest` brackets.
[[nodiscard]] std::string without_deep_values(std::string_view text, std::size_t deepest);

/// "line 3, column 17", both from 1, of the byte `index` (from 0) in UTF-8; columns count characters.
[[nodiscard]] std::string place_in_text(std::string_view text, std::size_t index);

} // namespace meshprobe
