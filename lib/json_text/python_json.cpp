#include "lib/json_text/python_json.hpp"

#include "lib/json_text/json_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

namespace meshprobe {

namespace {

[[nodiscard]] bool is_whole(std::string_view number) {
    return number.find_first_of(".eE") == std::string_view::npos;
}

void append_object(std::string& out, const JsonValue& value, MemberOrder order) {
    auto members = JsonObject(value).members();
    if (order == MemberOrder::sorted) {
        std::erase_if(members, [](const auto& member) { return member.first.starts_with('_'); });
        std::ranges::sort(members, {}, &JsonObject::Member::first);
    }
    out += '{';
    for (const auto& [name, member] : members) {
        if (out.back() != '{') out += ',';
        // A name is a string value without its quotes.
        append_json(out, JsonValue{std::string_view(name.data() - 1, name.size() + 2), false});
        out += ':';
        append_json(out, member, order);
    }
    out += '}';
}

} // namespace

std::optional<PythonNumber> to_number(const JsonValue& value) {
    auto text = value.text;
    if (value.is_string()) {
        text = text.substr(1, text.size() - 2);
    } else if (!value.is_number()) {
        return std::nullopt;
    }
    PythonNumber number;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
    if (error != std::errc() || stop != text.data() + text.size() || !std::isfinite(number.value))
        return std::nullopt;
    number.is_whole = is_whole(text);
    return number;
}

void append_float(std::string& out, double number) {
    // Python writes exponents below -4 and from 16 on; C++ whatever is shorter.
    const double size = std::abs(number);
    const bool is_plain = number == 0 || (size >= 1e-4 && size < 1e16);
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                   is_plain ? std::chars_format::fixed : std::chars_format::scientific)
                         .ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    out += text;
    if (is_plain && text.find('.') == std::string_view::npos) out += ".0";
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const char c = text.front();
        constexpr std::string_view special = "\"\\\b\f\n\r\t";
        constexpr std::string_view letters = "\"\\bfnrt";
        if (const auto place = special.find(c); place != std::string_view::npos) {
            out += '\\';
            out += letters[place];
            text.remove_prefix(1);
            continue;
        }
        const auto [code, size] = decode_utf8(text);
        if (size == 0) {
            out += "\\ufffd";
            text.remove_prefix(1);
            continue;
        }
        if (code >= 0x10000) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}",
                           0xd800 + (static_cast<unsigned>(code - 0x10000) >> 10U),
                           0xdc00 + (static_cast<unsigned>(code - 0x10000) & 0x3ffU));
        } else if (code < 0x20 || code >= 0x80) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(code));
        } else {
            out += c;
        }
        text.remove_prefix(size);
    }
    out += '"';
}

void append_json(std::string& out, const JsonValue& value, MemberOrder order) {
    switch (value.text.empty() ? '\0' : value.text.front()) {
    case '\0':
        out += "null";
        break;
    case '{':
        append_object(out, value, order);
        break;
    case '[':
        out += '[';
        for (const auto& element : elements_of(value)) {
            if (out.back() != '[') out += ',';
            append_json(out, element, order);
        }
        out += ']';
        break;
    case '"':
        append_string(out, unescape(value).value_or(""));
        break;
    default:
        if (!value.is_number() || is_whole(value.text)) {
            out += value.text;
        } else {
            append_float(out, to_number(value).value_or(PythonNumber{}).value);
        }
    }
}

} // namespace meshprobe
