#include "lib/host_facts.hpp"

#include "lib/file.hpp"
#include "lib/host_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t largest_file = 32U << 20;

constexpr std::array<std::pair<std::string_view, std::set<std::string, std::less<>> HostFacts::*>, 5> kinds{
    {{"group", &HostFacts::groups},
     {"mesh", &HostFacts::meshes},
     {"tag", &HostFacts::tags},
     {"task", &HostFacts::tasks},
     {"test", &HostFacts::tests}}};

std::string_view take_until(std::string_view& rest, char end) {
    const auto at = rest.find(end);
    const auto part = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return part;
}

bool read_fact(std::string_view fact, HostFacts& facts) {
    const auto kind = take_until(fact, '=');
    const auto* const known = std::ranges::find(kinds, kind, [](const auto& each) { return each.first; });
    if (known == kinds.end() || !is_fact(fact)) return false;
    auto& names = facts.*(known->second);
    names.emplace_hint(names.end(), fact);
    return true;
}

/// What is wrong with the line; empty: nothing.
std::string read_line(std::string_view line, FactsOfHosts& hosts) {
    const auto name = take_until(line, '\t');
    const auto host = parse_host_name(name);
    if (!host) return host.error().message;
    if (host->text() != name) return fmt::format("expected \"{}\" in its normal form", host->text());
    HostFacts facts;
    for (std::size_t count = 0; !line.empty(); ++count) {
        if (count == most_facts_of_host || !read_fact(take_until(line, '\t'), facts))
            return fmt::format("of {}: expected KIND=NAME, at most {} of them", name, most_facts_of_host);
    }
    hosts.insert_or_assign(hosts.end(), std::string(name), std::move(facts));
    return {};
}

} // namespace

bool is_fact(std::string_view name) {
    constexpr std::size_t longest = 128;
    return !name.empty() && name.size() <= longest && name.front() != ' ' && name.back() != ' ' &&
           std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

Result<std::optional<HostFactsFile>> read_host_facts(const std::filesystem::path& file) {
    const auto content = read_file_if_exists(file, largest_file, Links::refuse);
    if (!content) return fail(content.error());
    if (!*content) return std::optional<HostFactsFile>{};
    HostFactsFile found;
    std::string_view rest = **content;
    for (int number = 1; !rest.empty(); ++number) {
        const auto wrong = read_line(take_until(rest, '\n'), found.hosts);
        if (!wrong.empty()) found.refused.push_back(fmt::format("line {}: {}", number, wrong));
    }
    return std::optional(std::move(found));
}

Result<std::optional<HostFactsFile>> read_host_facts(const Paths& paths) {
    return read_host_facts(paths.host_facts());
}

std::string format_host_facts(const FactsOfHosts& facts) {
    std::string text;
    for (const auto& [host, own] : facts) {
        text += host;
        for (const auto& [kind, names] : kinds) {
            for (const auto& name : own.*names)
                text += fmt::format("\t{}={}", kind, name);
        }
        text += '\n';
    }
    return text;
}

} // namespace meshprobe
