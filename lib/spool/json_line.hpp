// The lines of a segment that are not message bodies: JSON of one exact form, so that writing and reading
// them costs next to nothing and every flipped bit shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// With quotes; control characters, quotes and backslashes escaped.
void append_json_string(std::string& out, std::string_view text);
void append_number(std::string& out, std::uint64_t number);

/// Takes a line apart from the left; after the first mismatch every further call fails too.
class JsonLineReader {
  public:
    explicit JsonLineReader(std::string_view line) : rest_(line) {}

    bool literal(std::string_view expected);
    bool string(std::string& value);
    bool plain_string(std::string_view& value); ///< one without escapes, as a view
    bool number(std::uint64_t& value);          ///< no leading zeros
    [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

  private:
    bool expect(bool condition) { return good_ = good_ && condition; }
    std::optional<char> escaped_character(std::size_t& position) const;

    std::string_view rest_;
    bool good_ = true;
};

/// Printable ASCII without '"' and '\'.
[[nodiscard]] bool is_plain(char c);

} // namespace meshprobe
