#include "lib/config/utf8.hpp"

#include <fmt/core.h>

#include <cstddef>

namespace meshprobe {

namespace {

/// How many bytes the character at the front takes; 0: it is not UTF-8 (RFC 3629, table 3-7 of Unicode:
/// neither overlong forms nor surrogates nor anything past U+10FFFF).
std::size_t length_of_character(std::string_view text) {
    const auto byte = [text](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    const auto continues = [&byte](std::size_t from, std::size_t to) {
        for (auto i = from; i < to; ++i) {
            if ((byte(i) & 0xc0U) != 0x80U) return false;
        }
        return true;
    };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1, 2) ? 2 : 0;
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    if (first >= 0xe0 && first <= 0xef) return continues(1, 3) ? 3 : 0;
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second > 0x8f) return 0;
    if (first >= 0xf0 && first <= 0xf4) return continues(1, 4) ? 4 : 0;
    return 0;
}

} // namespace

std::optional<BadCharacter> find_bad_character(std::string_view text) {
    int line = 1;
    int column = 1;
    while (!text.empty()) {
        const auto length = length_of_character(text);
        const auto byte = static_cast<unsigned char>(text.front());
        if (length == 0) {
            return BadCharacter{
                line, column,
                fmt::format("not UTF-8: unexpected byte 0x{:02x}; save the file as UTF-8", byte)};
        }
        if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f) {
            return BadCharacter{
                line, column,
                fmt::format("the control character 0x{:02x} may not stand in a configuration", byte)};
        }
        column = byte == '\n' ? 1 : column + 1;
        if (byte == '\n') ++line;
        text.remove_prefix(length);
    }
    return std::nullopt;
}

} // namespace meshprobe
