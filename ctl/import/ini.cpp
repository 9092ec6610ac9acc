#include "ctl/import/ini.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace meshprobe::legacy {

namespace {

constexpr unsigned deepest_expansion = 10; // as ConfigParser
constexpr std::size_t largest_value = 64U << 10;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower;
}

} // namespace

std::string_view stripped(std::string_view text) {
    while (!text.empty() && (is_blank(text.front()) || text.front() == '\n'))
        text.remove_prefix(1);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\n'))
        text.remove_suffix(1);
    return text;
}

void Ini::read(std::string_view text, const std::string& file, std::vector<std::string>& problems) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    Section* section = nullptr;
    std::string* value = nullptr;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string_view content = stripped(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') continue;
        const auto note = [&](std::string_view why) {
            problems.push_back(fmt::format("{}:{}: {}", file, number, why));
        };
        if (is_blank(line.front()) && value != nullptr) {
            if (value->size() < largest_value) *value += fmt::format("\n{}", content);
            continue;
        }
        value = nullptr;
        if (content.front() == '[') {
            const auto close = content.find(']');
            section = nullptr;
            if (close == std::string_view::npos || close == 1) {
                note("expected [SECTION]; what follows is passed over up to the next section");
                continue;
            }
            const auto name = content.substr(1, close - 1);
            section = name == "DEFAULT" ? &defaults_ : &sections_[std::string(name)];
            continue;
        }
        if (section == nullptr) {
            note("stands in no section");
            continue;
        }
        const auto sign = content.find_first_of("=:");
        const auto key = stripped(content.substr(0, sign));
        if (sign == std::string_view::npos || key.empty()) {
            note("expected KEY = VALUE");
            continue;
        }
        value = &(*section)[in_lower_case(key)];
        auto written = content.substr(sign + 1);
        const auto comment = written.find(';');
        const bool is_cut = comments_ == Comments::inline_too && comment != std::string_view::npos &&
                            comment > 0 && is_blank(written[comment - 1]);
        if (is_cut) written = written.substr(0, comment);
        *value = stripped(written);
    }
}

std::optional<std::string> Ini::raw(std::string_view section, std::string_view key) const {
    const auto known = sections_.find(section);
    if (known != sections_.end()) {
        if (const auto found = known->second.find(key); found != known->second.end()) return found->second;
    }
    const auto found = defaults_.find(key);
    return found == defaults_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Ini::get(std::string_view section, std::string_view key) const {
    const auto found = raw(section, key);
    if (!found) return std::nullopt;
    auto value = expand(section, *found, 0);
    return value.empty() ? std::nullopt : std::optional(std::move(value));
}

/// What refers to nothing stays as it is written.
std::string Ini::expand(std::string_view section, const std::string& value, unsigned depth) const {
    if (depth == deepest_expansion) return value;
    std::string expanded;
    for (std::size_t at = 0; at < value.size() && expanded.size() < largest_value; ++at) {
        if (value[at] != '%' || at + 1 == value.size()) {
            expanded += value[at];
        } else if (value[at + 1] == '%') {
            expanded += value[++at];
        } else {
            const auto close = value[at + 1] == '(' ? value.find(")s", at) : std::string::npos;
            const auto other = close == std::string::npos
                                   ? std::nullopt
                                   : raw(section, in_lower_case(value.substr(at + 2, close - at - 2)));
            if (!other) {
                expanded += value[at];
                continue;
            }
            expanded += expand(section, *other, depth + 1);
            at = close + 1;
        }
    }
    return expanded;
}

} // namespace meshprobe::legacy
