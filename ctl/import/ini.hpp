// Files of Python's ConfigParser, which the old collectors are configured with: sections, "key = value" or
// "key: value", lines that begin with blanks go on, # and ; begin comments, and %(key)s stands for the value
// of another key. Names of keys are in lower case.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::legacy {

class Ini {
  public:
    using Section = std::map<std::string, std::string, std::less<>>;

    /// Python 2, and with it RSV, takes what follows a blank and a semicolon in a line for a comment.
    enum class Comments { own_lines, inline_too };
    explicit Ini(Comments comments = Comments::own_lines) : comments_(comments) {}

    /// What is in `text` replaces what was read before, key by key. Lines that are none are told.
    void read(std::string_view text, const std::string& file, std::vector<std::string>& problems);

    /// Without those of [DEFAULT], which get() knows.
    [[nodiscard]] const std::map<std::string, Section, std::less<>>& sections() const { return sections_; }
    /// nullopt: absent, or empty.
    [[nodiscard]] std::optional<std::string> get(std::string_view section, std::string_view key) const;

  private:
    [[nodiscard]] std::optional<std::string> raw(std::string_view section, std::string_view key) const;
    [[nodiscard]] std::string expand(std::string_view section, const std::string& value,
                                     unsigned depth) const;

    Comments comments_;
    std::map<std::string, Section, std::less<>> sections_;
    Section defaults_;
};

/// Without blanks at both ends.
[[nodiscard]] std::string_view stripped(std::string_view text);

} // namespace meshprobe::legacy
