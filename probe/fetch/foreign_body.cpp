#include "probe/fetch/foreign_body.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace meshprobe {

namespace {

constexpr std::size_t quoted_size = 120;

/// One line of printable ASCII, runs of blanks as one, shortened.
std::string quoted(std::string_view text) {
    std::string line = "\"";
    for (const char c : text) {
        if (line.size() > quoted_size) {
            line += "...";
            break;
        }
        const bool is_blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        if (is_blank && (line.size() == 1 || line.back() == ' ')) continue;
        line += is_blank ? ' ' : (c > ' ' && c <= '~' ? c : '?');
    }
    while (line.back() == ' ')
        line.pop_back();
    return line + '"';
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::size_t find_ignoring_case(std::string_view text, std::string_view word) {
    const auto* const found =
        std::search(text.begin(), text.end(), word.begin(), word.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
    return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

/// The string member `name` of what begins like an object but may be cut short anywhere.
std::string_view string_member(std::string_view object, std::string_view name) {
    const auto key = object.find(name);
    if (key == std::string_view::npos) return {};
    auto rest = trimmed(object.substr(key + name.size()));
    if (!rest.starts_with(':')) return {};
    rest = trimmed(rest.substr(1));
    if (!rest.starts_with('"')) return {};
    rest.remove_prefix(1);
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != '"')
        end += rest[end] == '\\' ? 2U : 1U;
    return rest.substr(0, end);
}

std::string describe_html(std::string_view text) {
    constexpr std::string_view tag = "<title";
    const auto open = find_ignoring_case(text, tag);
    if (open == std::string_view::npos) return "an HTML page";
    const auto start = text.find('>', open);
    if (start == std::string_view::npos) return "an HTML page";
    const auto title = text.substr(start + 1, text.substr(start + 1).find('<'));
    return fmt::format("an HTML page titled {}", quoted(title));
}

} // namespace

std::string describe_body(std::string_view start) {
    const auto text = trimmed(start);
    if (text.empty()) return "nothing";
    if (text.front() == '{') {
        for (const std::string_view name : {"\"detail\"", "\"error\""}) {
            const auto says = string_member(text, name);
            if (!says.empty()) return fmt::format("an object that says {}", quoted(says));
        }
        return fmt::format("an object: {}", quoted(text));
    }
    constexpr std::array<std::string_view, 3> html = {"<!doctype html", "<html", "<head"};
    if (std::ranges::any_of(
            html, [&](auto tag) { return find_ignoring_case(text, tag) != std::string_view::npos; })) {
        return describe_html(text);
    }
    return fmt::format("text beginning {}", quoted(text));
}

} // namespace meshprobe
