// Text files must be UTF-8 without control characters; this says where they are not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

[[nodiscard]] constexpr bool is_utf8_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

struct BadCharacter {
    int line = 0;   ///< from 1
    int column = 0; ///< from 1, in characters
    std::string message;
};

/// The first byte sequence that is not UTF-8, or the first control character but tab and line feed.
[[nodiscard]] std::optional<BadCharacter> find_bad_character(std::string_view text);

} // namespace meshprobe
