#include "lib/json_text/json_place.hpp"

#include "lib/json_text/json_cursor.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace meshprobe {

namespace {

constexpr std::size_t padding = 16; ///< what JsonCursor may read behind its text

std::string unescape_step(std::string_view step) {
    std::string name;
    for (std::size_t i = 0; i < step.size(); ++i) {
        if (step[i] == '~' && i + 1 < step.size()) {
            name += step[++i] == '1' ? '/' : '~';
        } else {
            name += step[i];
        }
    }
    return name;
}

std::optional<std::string_view> member(std::string_view object, std::string_view wanted) {
    std::optional<std::string_view> found;
    JsonCursor cursor(object);
    const auto on_member = [&](std::string_view name, const JsonValue& value) {
        if (name == wanted) found = value.text;
    };
    return for_each_member(cursor, on_member) ? found : std::nullopt;
}

std::optional<std::string_view> element(std::string_view array, std::string_view wanted) {
    std::size_t left = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), left);
    JsonCursor cursor(array);
    if (error != std::errc{} || end != wanted.data() + wanted.size() || !cursor.consume('['))
        return std::nullopt;
    for (auto value = cursor.value(); value; value = cursor.value()) {
        if (left-- == 0) return value->text;
        if (!cursor.consume(',')) break;
    }
    return std::nullopt;
}

} // namespace

TextPlace place_of_byte(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    const auto line_begin = before.rfind('\n') + 1; // 0 where there is none
    const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; };
    return {.line = static_cast<int>(std::ranges::count(before, '\n')) + 1,
            .column = static_cast<int>(std::ranges::count_if(before.substr(line_begin), is_first_byte)) + 1};
}

std::optional<TextPlace> place_in_json(std::string_view text, std::string_view pointer) {
    std::string padded(text);
    padded.append(padding, ' ');
    JsonCursor cursor(std::string_view(padded).substr(0, text.size()));
    const auto whole = cursor.value();
    if (!whole) return std::nullopt;
    std::string_view at = whole->text;
    while (pointer.starts_with('/')) {
        const auto end = std::min(pointer.find('/', 1), pointer.size());
        const auto step = unescape_step(pointer.substr(1, end - 1));
        const auto next = at.starts_with('[') ? element(at, step) : member(at, step);
        if (!next) break;
        at = *next;
        pointer.remove_prefix(end);
    }
    return place_of_byte(text, static_cast<std::size_t>(at.data() - padded.data()));
}

} // namespace meshprobe
