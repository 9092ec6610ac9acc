#include "lib/config/judge.hpp"
#include "lib/config/judge_parts.hpp"
#include "lib/config/limit_types.hpp"
#include "lib/config/suggest.hpp"
#include "lib/pair_pattern.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

namespace meshprobe {

namespace {

/// What each type takes. Of what it needs, one is enough unless `all`.
struct Needs {
    std::string_view type;
    std::array<std::string_view, 2> keys;
    bool all = false;
    std::string_view example;
};
constexpr std::array<Needs, 8> needs_of_types{{
    {"age", {"max"}, false, "max: 40d"},
    {"size", {"max-record", "max-message"}, false, "max-record: 64K"},
    {"rate", {"max-results", "per"}, true, "max-results: 10 and per: 1h"},
    {"value-range", {"min-value", "max-value"}, false, "min-value: 0"},
    {"event-type", {"allow", "deny"}, false, "deny: [packet-trace]"},
    {"pair", {"allow", "deny"}, false, "deny: [10.0.0.0/8]"},
    {"duplicate", {}, false, ""},
    {"pscheduler", {"file", "document"}, false, "file: /etc/meshprobe/limits.conf"},
}};

bool is_given(const Node::Entry& entry, std::string_view key) {
    const Node* value = entry.value->find(key);
    return value != nullptr && value->kind != Node::Kind::empty;
}

void judge_keys(Reader& reader, const Node::Entry& entry, const Needs& needs) {
    const auto own = [&needs](std::string_view key) {
        return std::ranges::find(needs.keys, key) != needs.keys.end();
    };
    for (const auto& other : needs_of_types) {
        for (const auto key : other.keys) {
            if (!key.empty() && !own(key) && is_given(entry, key) && other.type != "pair")
                error_at(reader, entry, key, fmt::format("means nothing to a limit of type {}", needs.type));
        }
    }
    const auto given = [&entry](std::string_view key) { return !key.empty() && is_given(entry, key); };
    const bool is_enough = needs.example.empty() || (needs.all ? std::ranges::all_of(needs.keys, given)
                                                               : std::ranges::any_of(needs.keys, given));
    if (!is_enough) {
        reader.error(entry.mark,
                     fmt::format("a limit of type {} needs something such as {}", needs.type, needs.example));
    }
}

void judge_globs(Reader& reader, const Node::Entry& entry, std::string_view key,
                 const std::vector<std::string>& globs) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '*' || c == '?';
    };
    for (const auto& glob : globs) {
        if (glob.empty() || !std::ranges::all_of(glob, allowed))
            error_at(reader, entry, key, fmt::format("{} can match no event type", quote(glob)));
    }
}

void judge_pairs(Reader& reader, const Node::Entry& entry, std::string_view key,
                 const std::vector<std::string>& pairs) {
    for (const auto& pair : pairs) {
        if (const auto pattern = PairPattern::parse(pair); !pattern)
            error_at(reader, entry, key, pattern.error().message);
    }
}

} // namespace

void judge(Reader& reader, const Node::Entry& entry, const Limit& limit) {
    if (limit.type.empty()) {
        reader.error(entry.mark,
                     fmt::format("expected a type:, got none; there are {}", enumerate(limit_types, "and")));
        return;
    }
    const auto* needs = std::ranges::find(needs_of_types, std::string_view(limit.type), &Needs::type);
    judge_keys(reader, entry, *needs);
    if (limit.type == "event-type") {
        judge_globs(reader, entry, "allow", limit.allow);
        if (is_given(entry, "allow") && limit.allow.empty())
            warning_at(reader, entry, "allow",
                       "is an empty list, which allows everything: name what may pass");
        judge_globs(reader, entry, "deny", limit.deny);
    } else if (limit.type == "pair") {
        judge_pairs(reader, entry, "allow", limit.allow);
        judge_pairs(reader, entry, "deny", limit.deny);
    } else if (limit.min_value && limit.max_value && *limit.min_value > *limit.max_value) {
        error_at(reader, entry, "min-value", "is above max-value: nothing could pass");
    } else if (!limit.file.empty() && !limit.document.empty()) {
        error_at(reader, entry, "file", "expected a file: or a document:, got both");
    }
}

} // namespace meshprobe
