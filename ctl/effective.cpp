#include "ctl/effective.hpp"

#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

using nlohmann::ordered_json;

/// Would a YAML reader take the bare word for something else than this text?
bool needs_quotes(std::string_view text) {
    constexpr std::array<std::string_view, 12> words{"true", "false", "yes", "no", "on", "off",
                                                     "null", "~",     "y",   "n",  "",   "<<"};
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (std::ranges::find(words, lower) != words.end()) return true;
    const bool numeric = lower.starts_with("0x") || lower.starts_with("0o") ||
                         lower.find_first_not_of("0123456789+-._:e") == std::string::npos;
    const bool starts_oddly =
        std::string_view("-?:,[]{}#&*!|>'\"%@` .+").find(text.front()) != std::string_view::npos;
    const bool digit_first = text.front() >= '0' && text.front() <= '9';
    return starts_oddly || (numeric && digit_first) || text.ends_with(' ') || text.ends_with(':') ||
           text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos ||
           text.find_first_of(",[]{}\"\\\n\t") != std::string_view::npos;
}

std::string yaml_text(std::string_view text) {
    if (!needs_quotes(text)) return std::string(text);
    return ordered_json(std::string(text)).dump(); // YAML's double quotes are JSON's
}

std::string yaml_value(const Shown& value) {
    struct Writer {
        std::string operator()(std::monostate) const { return "~"; }
        std::string operator()(const std::string& text) const { return yaml_text(text); }
        std::string operator()(std::uint64_t number) const { return std::to_string(number); }
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(const std::vector<std::string>& list) const {
            std::string text = "[";
            for (const auto& item : list)
                text += (text.size() > 1 ? ", " : "") + yaml_text(item);
            return text + "]";
        }
        std::string operator()(const std::map<std::string, std::string, std::less<>>& map) const {
            std::string text = "{";
            for (const auto& [key, item] : map)
                text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", yaml_text(key), yaml_text(item));
            return text + "}";
        }
    };
    return std::visit(Writer{}, value);
}

void write_yaml(const std::vector<Effective>& entries, std::size_t depth, std::string& out) {
    constexpr std::size_t comment_column = 48;
    for (const auto& entry : entries) {
        std::string line(depth * 2, ' ');
        line += yaml_text(entry.key) + ":";
        if (entry.is_mapping) {
            out += line + (entry.entries.empty() ? " {}\n" : "\n");
            write_yaml(entry.entries, depth + 1, out);
            continue;
        }
        line += " " + yaml_value(entry.value);
        out += fmt::format("{:<{}} # {}\n", line, comment_column, entry.origin);
    }
}

ordered_json value_as_json(const Shown& value) {
    return std::visit(
        [](const auto& held) -> ordered_json {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
                return nullptr;
            } else {
                return held;
            }
        },
        value);
}

void write_json(const std::vector<Effective>& entries, const std::string& path, ordered_json& out,
                ordered_json& origins) {
    for (const auto& entry : entries) {
        const auto below = path.empty() ? entry.key : path + "." + entry.key;
        if (entry.is_mapping) {
            auto object = ordered_json::object();
            write_json(entry.entries, below, object, origins);
            out[entry.key] = std::move(object);
        } else {
            out[entry.key] = value_as_json(entry.value);
            origins[below] = entry.origin;
        }
    }
}

} // namespace

Effective mapping(std::string key) {
    Effective entry;
    entry.key = std::move(key);
    entry.is_mapping = true;
    return entry;
}

std::string origin_of(const Node* node) {
    if (node == nullptr) return "default";
    if (node->mark.line == 0) return node->mark.file_name();
    return fmt::format("{}:{}", node->mark.file_name(), node->mark.line);
}

std::string as_yaml(const std::vector<Effective>& entries) {
    std::string text;
    write_yaml(entries, 0, text);
    return text;
}

ordered_json as_json(const std::vector<Effective>& entries) {
    auto json = ordered_json::object();
    auto origins = ordered_json::object();
    write_json(entries, {}, json, origins);
    json["origins"] = std::move(origins);
    return json;
}

} // namespace meshprobe
