#include "ctl/printable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace meshprobe {

namespace {

struct Range {
    char32_t first = 0;
    char32_t last = 0;
};

/// What shows nothing itself but moves, hides or turns round what stands beside it: controls, soft hyphens,
/// marks of direction, zero widths, separators of lines and paragraphs, tags.
constexpr std::array invisible{
    Range{0x00, 0x1F},     Range{0x7F, 0x9F},     Range{0xAD, 0xAD},       Range{0x61C, 0x61C},
    Range{0x180E, 0x180E}, Range{0x200B, 0x200F}, Range{0x2028, 0x202E},   Range{0x2060, 0x206F},
    Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE0FFF},
};

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};

/// What is no UTF-8 is one byte of no meaning.
Character character_at(std::string_view text, std::size_t index) {
    constexpr Character meaningless{0xFFFD, 1};
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned first = byte(index);
    if (first < 0x80) return {first, 1};
    const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC0 || index + bytes > text.size()) return meaningless;
    char32_t code = first & (0x7FU >> bytes);
    for (std::size_t next = index + 1; next < index + bytes; ++next) {
        if ((byte(next) & 0xC0U) != 0x80U) return meaningless;
        code = (code << 6U) | (byte(next) & 0x3FU);
    }
    return {code, bytes};
}

bool is_invisible(char32_t code) {
    return std::ranges::any_of(
        invisible, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

} // namespace

std::string printable(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (std::size_t index = 0; index < text.size();) {
        const Character character = character_at(text, index);
        if (character.code != U'\n' && is_invisible(character.code)) {
            safe += '?';
        } else {
            safe += text.substr(index, character.bytes);
        }
        index += character.bytes;
    }
    return safe;
}

std::string one_line(std::string_view text) {
    std::string safe = printable(text);
    std::replace(safe.begin(), safe.end(), '\n', ' ');
    return safe;
}

} // namespace meshprobe
