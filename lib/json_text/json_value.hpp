// One JSON value as the bytes it was written as, and the few things that are done with such bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// The text of one value, surrounding blanks removed. Made by JsonCursor only, so it is checked.
struct JsonValue {
    std::string_view text; ///< empty: absent
    /// Only ASCII, and no line break or tab between its tokens: may be copied as it is.
    bool plain = true;

    [[nodiscard]] bool is_string() const { return !text.empty() && text.front() == '"'; }
    [[nodiscard]] bool is_null() const { return text == "null"; }
    [[nodiscard]] bool is_number() const {
        return !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
    }
    [[nodiscard]] bool is_scalar() const {
        return !text.empty() && text.front() != '{' && text.front() != '[';
    }
};

/// Without quotes, escapes resolved to UTF-8. nullopt if it is no string.
[[nodiscard]] std::optional<std::string> unescape(const JsonValue& value);

/// Lenient integers, as old servers write them: 5, 5.0, 5e0, "5", " 5.0 ". nullopt: not integral or out of
/// range.
[[nodiscard]] std::optional<std::int64_t> to_integer(const JsonValue& value);

/// As to_integer, but a fraction is cut off: clocks may tell more than seconds.
[[nodiscard]] std::optional<std::int64_t> to_seconds(const JsonValue& value);

/// Appends the value in ASCII on one line: other characters as \u escapes, line breaks and tabs between
/// tokens left out. A value that is `plain` is appended byte for byte.
void append_ascii(std::string& out, const JsonValue& value);

struct Utf8Character {
    char32_t code = 0;
    std::size_t size = 0; ///< in bytes; 0: malformed
};
/// The first character of `text`, which is not empty: no overlong forms, no surrogates, nothing over
/// U+10FFFF.
[[nodiscard]] Utf8Character decode_utf8(std::string_view text);

/// Of the escape that `text` begins with; 0: it is none. Half a surrogate pair is none.
[[nodiscard]] std::size_t escape_size(std::string_view text);

} // namespace meshprobe
