// A strict pull parser for JSON text in memory that hands out values as the bytes they were written as.
//
// Why not simdjson's on-demand parser: it is twice as fast because it does not validate what it skips, so
// that a value passed through untouched may be no JSON at all, and after an error it cannot go on with the
// next element. Its DOM validates, at about our speed, but forgets how numbers were written. This one checks
// all it passes over and can always resume behind a bad element. It wants JSON that every parser takes: RFC
// 8259, UTF-8, no half surrogate pairs, no numbers beyond a double, at most 64 levels.
#pragma once

#include "lib/json_text/json_check.hpp"
#include "lib/json_text/json_value.hpp"

#include <optional>
#include <string_view>

namespace meshprobe {

class JsonCursor {
  public:
    /// Up to 16 bytes behind `text` are read (never interpreted): see ArrayScanner::padding.
    explicit JsonCursor(std::string_view text) : at_(text.data()) { check_.end = text.data() + text.size(); }

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
    [[nodiscard]] std::string_view problem() const { return check_.problem; }

  private:
    JsonCheck check_;
    const char* at_;
};

/// Calls `on_element(cursor)` for each element of the array `text` ("[e,e]"); the callback takes one value
/// and returns whether it could. If not, `on_problem(what)` is told and the next element follows. A callback
/// asks is_behind_element() before it keeps what it read.
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

} // namespace meshprobe
