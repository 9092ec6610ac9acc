#include "ctl/printable.hpp"

#include <algorithm>
#include <cstddef>

namespace meshprobe {

std::string printable(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (std::size_t index = 0; index < text.size(); ++index) {
        const auto byte = static_cast<unsigned char>(text[index]);
        const auto next = static_cast<unsigned char>(index + 1 < text.size() ? text[index + 1] : 0);
        if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
            safe += '?';
            ++index;
        } else {
            safe += (byte < 0x20 && byte != '\n') || byte == 0x7F ? '?' : text[index];
        }
    }
    return safe;
}

std::string one_line(std::string_view text) {
    std::string safe = printable(text);
    std::replace(safe.begin(), safe.end(), '\n', ' ');
    return safe;
}

} // namespace meshprobe
