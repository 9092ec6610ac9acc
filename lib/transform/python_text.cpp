#include "lib/transform/python_text.hpp"

#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"

#include <fmt/format.h>

#include <iterator>

namespace meshprobe {

namespace {

/// In single quotes, unless that would need escapes and double ones would not.
void append_quoted(std::string& out, const std::string& text) {
    const bool has_single = text.find('\'') != std::string::npos;
    const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
    out += quote;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == quote || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    out += quote;
}

void append_repr(std::string& out, const JsonValue& value) {
    if (value.is_null()) {
        out += "None";
    } else if (value.text == "true") {
        out += "True";
    } else if (value.text == "false") {
        out += "False";
    } else if (value.is_string()) {
        append_quoted(out, unescape(value).value_or(""));
    } else if (value.text.starts_with('[')) {
        out += '[';
        for (const auto& element : elements_of(value)) {
            if (out.back() != '[') out += ", ";
            append_repr(out, element);
        }
        out += ']';
    } else if (value.text.starts_with('{')) {
        out += '{';
        for (const auto& [name, member] : JsonObject(value).members()) {
            if (out.back() != '{') out += ", ";
            // A name is a string value without its quotes.
            append_repr(out, JsonValue{std::string_view(name.data() - 1, name.size() + 2), false});
            out += ": ";
            append_repr(out, member);
        }
        out += '}';
    } else {
        append_json(out, value);
    }
}

} // namespace

void append_python_text(std::string& out, const JsonValue& value) {
    if (value.is_string()) {
        out += unescape(value).value_or("");
    } else {
        append_repr(out, value);
    }
}

} // namespace meshprobe
