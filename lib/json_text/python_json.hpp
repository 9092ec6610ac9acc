// JSON as Python's json module writes it, because pScheduler's archiver and esmond are written in it: numbers
// with a point are read as double and written in the shortest form that gives that double back (9.4e8 comes
// out as 940000000.0), whole ones stay as they are, and all characters beyond ASCII are \u escapes.
#pragma once

#include "lib/json_text/json_value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// A number of a document, or one written in a string.
struct PythonNumber {
    double value = 0;
    bool is_whole = false; ///< written without point and exponent: an int
};
[[nodiscard]] std::optional<PythonNumber> to_number(const JsonValue& value);

/// As repr() of a float: 0.0, 0.1, 940000000.0, 1e+16, 1e-05.
void append_float(std::string& out, double number);

/// A JSON string in ASCII; `text` is UTF-8.
void append_string(std::string& out, std::string_view text);

enum class MemberOrder {
    kept,
    sorted, ///< and without secrets (names that begin with "_"): for what is compared rather than shown
};
/// Without blanks and comments.
void append_json(std::string& out, const JsonValue& value, MemberOrder order = MemberOrder::kept);

} // namespace meshprobe
