// Objects and arrays whose members are looked up by name, each a view of the text.
#pragma once

#include "lib/json_text/json_cursor.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe {

/// Of a checked value: made by JsonCursor, so up to 16 bytes behind it can be read.
class JsonObject {
  public:
    using Member = std::pair<std::string_view, JsonValue>; ///< name as written: with its escapes

    JsonObject() = default;
    /// Without members if `value` is no object.
    explicit JsonObject(const JsonValue& value);

    /// Absent: a value without text. Of several with one name the last one counts.
    [[nodiscard]] JsonValue operator[](std::string_view name) const;
    [[nodiscard]] JsonObject object(std::string_view name) const { return JsonObject((*this)[name]); }
    /// Neither absent nor null.
    [[nodiscard]] bool has(std::string_view name) const;

    /// In their order, each name once, comments (names that begin with "#", as pScheduler has them) left out.
    [[nodiscard]] const std::vector<Member>& members() const& { return members_; }
    [[nodiscard]] std::vector<Member> members() && { return std::move(members_); }

  private:
    std::vector<Member> members_;
};

/// The elements of an array; none if `value` is no array.
[[nodiscard]] std::vector<JsonValue> elements_of(const JsonValue& value);

/// What counts as true in Python: neither absent, null, false, zero nor empty.
[[nodiscard]] bool is_truthy(const JsonValue& value);

} // namespace meshprobe
