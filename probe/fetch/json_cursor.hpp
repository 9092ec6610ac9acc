// A strict pull parser for JSON text in memory that hands out values as the bytes they were written as.
//
// Why not simdjson's on-demand parser, which is as fast: it does not validate what it skips, so that a value
// passed through untouched may be no JSON at all, and after an error it cannot go on with the next element.
// This one checks all it passes over and can always resume behind a bad element. It wants JSON that every
// parser takes: RFC 8259, UTF-8, no half surrogate pairs, no numbers beyond a double, at most 64 levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// The text of one value, surrounding blanks removed.
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

class JsonCursor {
  public:
    static constexpr unsigned max_depth = 64;

    /// Up to 16 bytes behind `text` are read (never interpreted): see ArrayScanner::padding.
    explicit JsonCursor(std::string_view text);

    /// Each steps over blanks first, and moves on only if it succeeds.
    [[nodiscard]] bool consume(char token);
    [[nodiscard]] char peek(); ///< 0 at the end

    [[nodiscard]] bool end_object();
    /// An element of an array ends here, as it should.
    [[nodiscard]] bool is_behind_element();

    /// A complete value, checked; nullopt if it is malformed or nested too deeply: see problem().
    [[nodiscard]] std::optional<JsonValue> value();
    /// A member's name with its colon, escapes left as they are, without the quotes.
    [[nodiscard]] std::optional<std::string_view> name();

    [[nodiscard]] const char* position() const { return at_; }
    void move_to(const char* position) { at_ = position; }
    /// To the comma or bracket that ends the element the cursor is in, which need not be well formed; strings
    /// and depth are judged as ArrayScanner does.
    void skip_element();
    [[nodiscard]] std::string_view problem() const { return problem_; }

  private:
    void skip_blanks();
    [[nodiscard]] bool skip_string();
    [[nodiscard]] bool skip_number();
    [[nodiscard]] bool skip_literal(std::string_view word);
    [[nodiscard]] bool skip_scalar();
    [[nodiscard]] bool skip_value();
    bool refuse(std::string_view problem);

    const char* at_;
    const char* end_;
    bool plain_ = true; ///< nothing since the value began speaks against JsonValue::plain
    std::string_view problem_;
};

/// Calls `on_element(cursor)` for each element of the array `text` ("[e,e]"); the callback takes one value
/// and returns whether it could. If not, `on_problem(what)` is told and the next element follows.
template <class OnElement, class OnProblem>
void for_each_element(std::string_view text, OnElement on_element, OnProblem on_problem) {
    JsonCursor cursor(text);
    if (!cursor.consume('[') || cursor.peek() == ']') return;
    while (true) {
        const char* start = cursor.position();
        if (!on_element(cursor) || !cursor.is_behind_element()) {
            on_problem(cursor.problem());
            cursor.move_to(start);
            cursor.skip_element();
        }
        if (!cursor.consume(',')) return;
    }
}

/// Goes through the members of the object at the cursor: `on_member(name, value)`. False if it is malformed.
template <class OnMember>
[[nodiscard]] bool for_each_member(JsonCursor& cursor, OnMember on_member) {
    if (!cursor.consume('{')) return false;
    if (cursor.consume('}')) return true;
    do {
        const auto name = cursor.name();
        if (!name) return false;
        const auto value = cursor.value();
        if (!value) return false;
        on_member(*name, *value);
    } while (cursor.consume(','));
    return cursor.end_object();
}

/// Of a checked string value: without quotes, escapes resolved to UTF-8. nullopt if it is no string.
[[nodiscard]] std::optional<std::string> unescape(const JsonValue& value);

/// Lenient integers, as old servers write them: 5, 5.0, 5e0, "5", " 5.0 ". nullopt: not integral or out of
/// range.
[[nodiscard]] std::optional<std::int64_t> to_integer(const JsonValue& value);

/// Appends the value in ASCII on one line: other characters as \u escapes, line breaks and tabs between
/// tokens left out. A value that is `plain` is appended byte for byte.
void append_ascii(std::string& out, const JsonValue& value);

} // namespace meshprobe
