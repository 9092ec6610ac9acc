#include "lib/config/reader.hpp"

#include "lib/config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace meshprobe {

namespace {

std::string describe(const Node& node) {
    switch (node.kind) {
    case Node::Kind::empty:
        return node.text.empty() ? "nothing" : quote(node.text);
    case Node::Kind::scalar:
        return quote(node.text);
    case Node::Kind::list:
        return "a list";
    case Node::Kind::mapping:
        return "a mapping";
    }
    return {};
}

std::optional<bool> as_flag(std::string_view text) {
    constexpr std::array<std::string_view, 9> yes{"true", "yes",  "on",  "True", "Yes",
                                                  "On",   "TRUE", "YES", "ON"};
    constexpr std::array<std::string_view, 9> no{"false", "no",    "off", "False", "No",
                                                 "Off",   "FALSE", "NO",  "OFF"};
    if (std::ranges::find(yes, text) != yes.end()) return true;
    if (std::ranges::find(no, text) != no.end()) return false;
    return std::nullopt;
}

} // namespace

void Reader::report(Problem::Scope scope, const Mark& mark, const std::string& message) {
    if (scope != Problem::Scope::warning) ++errors_;
    if (problems_ == nullptr) return;
    Problem problem;
    problem.scope = scope;
    problem.file = mark.file_name();
    problem.line = mark.line;
    problem.column = mark.column;
    problem.path = fmt::format("{}", fmt::join(path_, "."));
    problem.message = message;
    if (scope == Problem::Scope::entry) {
        problem.entry = entry_;
        problem.effect = effect_;
    }
    problems_->push_back(std::move(problem));
}

void Reader::error(const Mark& mark, const std::string& message) {
    report(scope_, mark, message);
}

void Reader::warning(const Mark& mark, const std::string& message) {
    report(Problem::Scope::warning, mark, message);
}

void Reader::unknown_key(const Mark& mark, std::string_view key, std::span<const std::string_view> known) {
    auto message = fmt::format("unknown key {}", quote(key));
    const auto meant = suggestion(key, known);
    if (!meant.empty()) {
        message += meant;
    } else if (known.size() <= 16) {
        message += fmt::format("; known here: {}", enumerate(known, "and"));
    } else {
        message += "; meshprobe.yaml(5) lists the keys";
    }
    error(mark, message);
}

void Reader::expected(const Node& node, std::string_view what) {
    error(node.mark, fmt::format("expected {}, got {}", what, describe(node)));
}

void Reader::begin_entry(std::string entry, std::string effect) {
    scope_ = Problem::Scope::entry;
    entry_ = std::move(entry);
    effect_ = std::move(effect);
}

void Reader::end_entry() {
    scope_ = Problem::Scope::whole;
}

bool Reader::mapping(const Node& node) {
    if (node.kind == Node::Kind::mapping) return true;
    if (node.kind != Node::Kind::empty) expected(node, "a mapping (\"key: value\" lines, indented)");
    return false;
}

std::optional<std::string_view> Reader::text(const Node& node, std::string_view what) {
    if (node.kind == Node::Kind::empty || node.kind == Node::Kind::scalar) return node.text;
    expected(node, what);
    return std::nullopt;
}

std::optional<bool> Reader::flag(const Node& node) {
    const auto value = node.kind == Node::Kind::scalar ? as_flag(node.text) : std::nullopt;
    if (!value) expected(node, "true or false");
    return value;
}

std::optional<std::uint64_t> Reader::number(const Node& node, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto* begin = node.text.data();
    const auto* end = begin + node.text.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    // 010 is ten for some readers and eight for others: for this one it is a mistake.
    const bool ambiguous = node.text.size() > 1 && node.text.front() == '0';
    if (node.kind != Node::Kind::scalar || error != std::errc{} || stop != end || ambiguous ||
        value < least || value > most) {
        expected(node, fmt::format("a number from {} to {}", least, most));
        return std::nullopt;
    }
    return value;
}

std::optional<Microseconds> Reader::duration(const Node& node, Microseconds least, Microseconds most) {
    const auto value = node.kind == Node::Kind::scalar
                           ? parse_duration(node.text)
                           : Result<Microseconds>(fail(ErrorKind::configuration, {}));
    if (!value) {
        expected(node, "a duration such as \"5min\" or \"PT5M\"");
        return std::nullopt;
    }
    if (*value < least || *value > most) {
        expected(node, *value < least ? fmt::format("a duration of at least {}", format_duration(least))
                                      : fmt::format("a duration of at most {}", format_duration(most)));
        return std::nullopt;
    }
    return *value;
}

std::optional<std::uint64_t> Reader::size(const Node& node, std::uint64_t least) {
    const auto value = node.kind == Node::Kind::scalar
                           ? parse_size(node.text)
                           : Result<std::uint64_t>(fail(ErrorKind::configuration, {}));
    if (!value) {
        expected(node, "a size such as \"64K\", \"10M\" or \"4G\"");
        return std::nullopt;
    }
    if (*value < least) {
        expected(node, fmt::format("a size of at least {}", format_size(least)));
        return std::nullopt;
    }
    return *value;
}

std::optional<std::size_t> Reader::choice(const Node& node, std::span<const std::string_view> words) {
    if (node.kind == Node::Kind::scalar) {
        const auto found = std::ranges::find(words, std::string_view(node.text));
        if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    }
    const auto meant = node.kind == Node::Kind::scalar ? suggestion(node.text, words) : std::string{};
    error(node.mark, fmt::format("expected {}, got {}{}", enumerate(words, "or"), describe(node), meant));
    return std::nullopt;
}

std::optional<std::vector<Reader::Item>> Reader::list(const Node& node, std::string_view what) {
    if (node.kind != Node::Kind::list) {
        expected(node, fmt::format("a list such as {}", what));
        return std::nullopt;
    }
    std::vector<Item> items;
    for (const auto& item : node.items) {
        if (item->kind != Node::Kind::scalar) {
            expected(*item, "a name");
            return std::nullopt;
        }
        items.push_back({item->text, &item->mark});
    }
    return items;
}

bool Reader::set_items(const Node& node, std::vector<Item>& with, std::vector<Item>& without,
                       bool& replaces) {
    if (node.kind == Node::Kind::list) {
        auto items = list(node, "[a, b]");
        if (!items) return false;
        with = std::move(*items);
        replaces = true;
        return true;
    }
    if (node.kind != Node::Kind::mapping) {
        expected(node, "a list such as [a, b] or a mapping such as {a: true, b: false}");
        return false;
    }
    replaces = node.replaces;
    bool good = true;
    for (const auto& [name, entry] : node.entries) {
        const auto step = enter(name);
        const auto member = flag(*entry.value);
        if (!member) {
            good = false;
        } else {
            (*member ? with : without).push_back({name, &entry.mark});
        }
    }
    return good;
}

void Reader::apply(std::vector<std::string>& names, std::span<const Item> with, std::span<const Item> without,
                   bool replaces) {
    if (replaces) names.clear();
    for (const auto& item : with)
        names.emplace_back(item.text);
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const auto& item : without)
        std::erase(names, item.text);
}

} // namespace meshprobe
