#include "lib/percent_encoding.hpp"

#include <charconv>

namespace meshprobe {

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (text[index] != '%') {
            decoded += text[index];
            continue;
        }
        unsigned byte = 0;
        const std::string_view digits = text.substr(index + 1, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2 || byte == 0)
            return std::nullopt;
        decoded += static_cast<char>(byte);
        index += 2;
    }
    return decoded;
}

} // namespace meshprobe
