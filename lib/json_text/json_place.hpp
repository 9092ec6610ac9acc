// Where in a JSON document something stands, for whoever edits it with a text editor.
#pragma once

#include <optional>
#include <string_view>

namespace meshprobe {

struct TextPlace {
    int line = 1;   ///< from 1
    int column = 1; ///< from 1, in characters (UTF-8)
    bool operator==(const TextPlace&) const = default;
};

/// `text` need be no JSON; an offset behind it is its end.
[[nodiscard]] TextPlace place_of_byte(std::string_view text, std::size_t offset);

/// Of the value that a JSON pointer (RFC 6901) leads to, or, where that is missing, of the last one on the
/// way there; of several members with one name the last. nullopt: it is no JSON.
[[nodiscard]] std::optional<TextPlace> place_in_json(std::string_view text, std::string_view pointer);

} // namespace meshprobe
