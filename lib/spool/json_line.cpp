#include "lib/spool/json_line.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace meshprobe {

bool is_plain(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

bool JsonLineReader::literal(std::string_view expected) {
    if (!expect(rest_.starts_with(expected))) return false;
    rest_.remove_prefix(expected.size());
    return true;
}

bool JsonLineReader::plain_string(std::string_view& value) {
    if (!literal("\"")) return false;
    const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_plain) - rest_.begin());
    value = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return literal("\"");
}

std::optional<char> JsonLineReader::escaped_character(std::size_t& position) const {
    const std::string_view text = rest_.substr(position);
    if (text.starts_with('"') || text.starts_with('\\')) {
        position += 1;
        return text.front();
    }
    // \u00XX of a control character: nothing else is ever written.
    unsigned value = 0;
    if (text.size() < 5 || !text.starts_with("u00")) return std::nullopt;
    const char* const digits = text.data() + 3;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2 || value >= 0x20)
        return std::nullopt;
    position += 5;
    return static_cast<char>(value);
}

bool JsonLineReader::string(std::string& value) {
    if (!literal("\"")) return false;
    value.clear();
    std::size_t position = 0;
    while (position < rest_.size() && rest_[position] != '"') {
        char c = rest_[position++];
        if (c == '\\') {
            const auto escaped = escaped_character(position);
            if (!expect(escaped.has_value())) return false;
            c = *escaped;
        } else if (!expect(static_cast<unsigned char>(c) >= 0x20)) {
            return false;
        }
        value += c;
    }
    rest_.remove_prefix(position);
    return literal("\"");
}

bool JsonLineReader::number(std::uint64_t& value) {
    if (!expect(!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9')) return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const auto width = static_cast<std::size_t>(end - rest_.data());
    if (!expect(error == std::errc{} && (width == 1 || rest_.front() != '0'))) return false;
    rest_.remove_prefix(width);
    return true;
}

} // namespace meshprobe
