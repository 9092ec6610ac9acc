#include "lib/json_text/json_cursor.hpp"

namespace meshprobe {

char JsonCursor::peek() {
    at_ = check_.blanks(at_);
    return at_ < check_.end ? *at_ : '\0';
}

bool JsonCursor::consume(char token) {
    if (peek() != token) return false;
    ++at_;
    return true;
}

bool JsonCursor::end_object() {
    if (consume('}')) return true;
    check_.problem = "a comma or a closing bracket is missing";
    return false;
}

bool JsonCursor::is_behind_element() {
    const char token = peek();
    if (token == ',' || token == ']') return true;
    check_.problem = "something stands between an element and the next";
    return false;
}

std::optional<JsonValue> JsonCursor::value() {
    at_ = check_.blanks(at_);
    check_.plain = true;
    const char* const stop = check_.value(at_);
    if (stop == nullptr) return std::nullopt;
    const JsonValue value{{at_, static_cast<std::size_t>(stop - at_)}, check_.plain};
    at_ = stop;
    return value;
}

std::optional<std::string_view> JsonCursor::name() {
    at_ = check_.blanks(at_);
    const char* const stop = check_.name(at_);
    if (stop == nullptr) return std::nullopt;
    std::string_view text(at_ + 1, static_cast<std::size_t>(stop - at_ - 1));
    text = text.substr(0, text.rfind('"')); // off with the colon
    at_ = stop;
    return text;
}

void JsonCursor::skip_element() {
    std::size_t depth = 0;
    bool in_string = false;
    for (; at_ < check_.end; ++at_) {
        switch (*at_) {
        case '"':
            in_string = !in_string;
            break;
        case '\\': // as in ArrayScanner, also outside strings
            if (at_ + 1 < check_.end && (at_[1] == '"' || at_[1] == '\\')) ++at_;
            break;
        case '{':
        case '[':
            if (!in_string) ++depth;
            break;
        case '}':
        case ']':
            if (in_string) break;
            if (depth == 0) return;
            --depth;
            break;
        case ',':
            if (!in_string && depth == 0) return;
            break;
        default:
            break;
        }
    }
}

} // namespace meshprobe
