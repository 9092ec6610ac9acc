#include "lib/json_text/nesting.hpp"

#include <algorithm>

namespace meshprobe {

std::size_t nesting(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t index = 0; index < text.size(); ++index) {
        const char byte = text[index];
        if (in_string) {
            if (byte == '\\') ++index;
            if (byte == '"') in_string = false;
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            deepest = std::max(deepest, ++depth);
        } else if ((byte == '}' || byte == ']') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

} // namespace meshprobe
