#include "lib/mesh/mended_text.hpp"

#include "lib/json_text/json_value.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace meshprobe {

namespace {

bool is_escaped_code_unit(std::string_view text) {
    constexpr std::size_t size = 6; // \ud800
    return text.size() >= size && text[1] == 'u' &&
           std::ranges::all_of(text.substr(2, size - 2), [](char byte) {
               return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
                      (byte >= 'A' && byte <= 'F');
           });
}

/// Behind the string whose opening quote is at `index`.
std::size_t end_of_string(std::string_view text, std::size_t index) {
    for (++index; index < text.size() && text[index] != '"'; ++index) {
        if (text[index] == '\\') ++index;
    }
    return std::min(index + 1, text.size());
}

void append_string(std::string_view string, MendedText& mended) {
    const auto replace = [&](std::string_view by) {
        mended.first_replaced = std::min(mended.first_replaced, mended.text.size());
        mended.text += by;
    };
    for (std::size_t index = 0; index < string.size();) {
        const std::string_view rest = string.substr(index);
        std::size_t size = 1;
        if (rest.front() == '\\') {
            size = escape_size(rest);
            if (size == 0 && is_escaped_code_unit(rest)) {
                replace("\\ufffd");
                index += 6;
                continue;
            }
            size = std::max<std::size_t>(size, std::min<std::size_t>(2, rest.size())); // whatever it is
        } else {
            size = decode_utf8(rest).size;
        }
        if (size == 0) {
            replace("\xef\xbf\xbd");
            ++index;
        } else {
            mended.text += rest.substr(0, size);
            index += size;
        }
    }
}

} // namespace

MendedText with_sound_values(std::string_view text) {
    MendedText mended;
    for (std::size_t index = 0; index < text.size();) {
        const char byte = text[index];
        const std::size_t start = index++;
        if (byte == '"') {
            index = end_of_string(text, start);
            append_string(text.substr(start, index - start), mended);
            continue;
        }
        if (byte == '-' || (byte >= '0' && byte <= '9')) {
            index = std::min(text.find_first_not_of("0123456789+-.eE", index), text.size());
            const std::string number(text.substr(start, index - start));
            if (std::isinf(std::strtod(number.c_str(), nullptr))) {
                mended.text += "null";
                continue;
            }
        }
        mended.text += text.substr(start, index - start);
    }
    return mended;
}

std::string without_deep_values(std::string_view text, std::size_t deepest) {
    std::string result;
    std::size_t depth = 0;
    for (std::size_t index = 0; index < text.size();) {
        const char byte = text[index];
        const std::size_t start = index;
        index = byte == '"' ? end_of_string(text, index) : index + 1;
        const bool closes = byte == ']' || byte == '}';
        if (byte == '[' || byte == '{') {
            if (++depth == deepest + 1) result += "null";
        }
        if (depth <= deepest) result += text.substr(start, index - start);
        if (closes && depth > 0) --depth;
    }
    return result;
}

std::string place_in_text(std::string_view text, std::size_t index) {
    const std::string_view before = text.substr(0, index);
    const auto line = before.rfind('\n'); // npos: + 1 is the beginning
    const auto column =
        std::ranges::count_if(before.substr(line + 1), [](char byte) { return (byte & 0xc0) != 0x80; });
    return fmt::format("line {}, column {}", std::ranges::count(before, '\n') + 1, column + 1);
}

} // namespace meshprobe
