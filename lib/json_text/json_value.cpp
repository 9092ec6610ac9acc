#include "lib/json_text/json_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace meshprobe {

namespace {

[[nodiscard]] constexpr bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The UTF-16 unit that \uXXXX stands for at the beginning of `text`.
[[nodiscard]] std::optional<char32_t> code_unit(std::string_view text) {
    if (text.size() < 6 || !text.starts_with("\\u") || !std::ranges::all_of(text.substr(2, 4), is_hex)) {
        return std::nullopt;
    }
    std::uint32_t unit = 0;
    std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
    return static_cast<char32_t>(unit);
}

[[nodiscard]] constexpr bool is_high(char32_t unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}
[[nodiscard]] constexpr bool is_low(char32_t unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

void append_utf8(std::string& out, char32_t code) {
    const auto add = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xc0 | code >> 6);
        add(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        add(0xe0 | code >> 12);
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    } else {
        add(0xf0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3f));
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    }
}

void append_escape(std::string& out, char32_t unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U})
        out += digits[unit >> shift & 0xf];
}

struct Number {
    std::int64_t whole = 0; ///< rounded down
    bool is_whole = true;
};

[[nodiscard]] std::optional<Number> floor_of(const JsonValue& value) {
    auto text = value.text;
    if (value.is_string()) {
        text = text.substr(1, text.size() - 2);
        while (text.starts_with(' '))
            text.remove_prefix(1);
        while (text.ends_with(' '))
            text.remove_suffix(1);
    } else if (!value.is_number()) {
        return std::nullopt;
    }
    const char* const end = text.data() + text.size();
    std::int64_t number = 0;
    if (const auto [stop, error] = std::from_chars(text.data(), end, number);
        error == std::errc() && stop == end) {
        return Number{number};
    }
    double real = 0;
    constexpr double exact = 9007199254740992; // 2^53
    if (const auto [stop, error] = std::from_chars(text.data(), end, real);
        error != std::errc() || stop != end || !(std::abs(real) <= exact)) {
        return std::nullopt;
    }
    return Number{static_cast<std::int64_t>(std::floor(real)), real == std::floor(real)};
}

} // namespace

Utf8Character decode_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    char32_t code = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return {};
        code = code << 6 | (byte(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least.at(size) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, size};
}

std::size_t escape_size(std::string_view text) {
    constexpr std::string_view short_escapes = "\"\\/bfnrt";
    if (text.size() > 1 && short_escapes.find(text[1]) != std::string_view::npos) return 2;
    const auto unit = code_unit(text);
    if (!unit || is_low(*unit)) return 0;
    if (!is_high(*unit)) return 6;
    const auto second = code_unit(text.substr(6));
    return second && is_low(*second) ? 12 : 0;
}

std::optional<std::string> unescape(const JsonValue& value) {
    if (!value.is_string()) return std::nullopt;
    auto rest = value.text.substr(1, value.text.size() - 2);
    std::string out;
    out.reserve(rest.size());
    while (!rest.empty()) {
        const auto plain = std::min(rest.find('\\'), rest.size());
        out += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.empty()) break;
        const char kind = rest[1];
        if (kind != 'u') {
            constexpr std::string_view names = "bfnrt";
            constexpr std::string_view meanings = "\b\f\n\r\t";
            const auto which = names.find(kind);
            out += which == std::string_view::npos ? kind : meanings[which];
            rest.remove_prefix(2);
            continue;
        }
        // Checked values hold complete escapes and whole pairs only.
        char32_t code = code_unit(rest).value_or(0);
        rest.remove_prefix(6);
        if (is_high(code)) {
            code = 0x10000 + ((code - 0xd800) << 10) + (code_unit(rest).value_or(0xdc00) - 0xdc00);
            rest.remove_prefix(6);
        }
        append_utf8(out, code);
    }
    return out;
}

std::optional<std::int64_t> to_integer(const JsonValue& value) {
    const auto number = floor_of(value);
    return number && number->is_whole ? std::optional(number->whole) : std::nullopt;
}

std::optional<std::int64_t> to_seconds(const JsonValue& value) {
    const auto number = floor_of(value);
    return number ? std::optional(number->whole) : std::nullopt;
}

void append_ascii(std::string& out, const JsonValue& value) {
    if (value.plain) {
        out += value.text;
        return;
    }
    auto rest = value.text;
    while (!rest.empty()) {
        const auto special = std::ranges::find_if(rest, [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < ' ' || byte >= 0x80;
        });
        const auto count = static_cast<std::size_t>(special - rest.begin());
        out += rest.substr(0, count);
        rest.remove_prefix(count);
        if (rest.empty()) break;
        const auto [code, size] = decode_utf8(rest);
        if (code >= 0x10000) {
            append_escape(out, 0xd800 + ((code - 0x10000) >> 10));
            append_escape(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
        } else if (code >= 0x80) {
            append_escape(out, code);
        } // else: a line break or tab, which a checked value has between its tokens only
        rest.remove_prefix(size);
    }
}

} // namespace meshprobe
