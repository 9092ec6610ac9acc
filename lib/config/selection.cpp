#include "lib/config/selection.hpp"

#include "lib/config/pattern.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

bool has_tag(const std::vector<std::string>& wanted, const HostFacts& known) {
    return wanted.empty() || std::ranges::any_of(wanted, [&](const std::string& tag) {
               return std::ranges::any_of(known.tags,
                                          [&](const std::string& each) { return is_same_tag(tag, each); });
           });
}

} // namespace

bool is_same_tag(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

bool needs_facts(const Select& select) {
    return !select.groups.empty() || !select.meshes.empty() || !select.tags.empty() ||
           !select.tasks.empty() || !select.tests.empty();
}

bool selects(const Select& select, std::string_view host, const HostFacts* facts) {
    const auto by_name =
        select.hosts.empty() || std::ranges::any_of(select.hosts, [host](const std::string& pattern) {
            return pattern == host || pattern == without_port(host) || glob_matches(pattern, host);
        });
    if (!by_name) return false;
    static const HostFacts nothing;
    const HostFacts& known = facts == nullptr ? nothing : *facts;
    const auto matches = [](const std::vector<std::string>& wanted, const auto& names) {
        return wanted.empty() ||
               std::ranges::any_of(wanted, [&](const auto& name) { return names.contains(name); });
    };
    return matches(select.groups, known.groups) && matches(select.meshes, known.meshes) &&
           has_tag(select.tags, known) && matches(select.tasks, known.tasks) &&
           matches(select.tests, known.tests);
}

Selection::Selection(const Paths& paths) {
    if (auto file = read_host_facts(paths); file && *file) facts_ = std::move((*file)->hosts);
}

bool Selection::is_for(const TaskSettings& task, std::string_view host) const {
    const auto found = facts_.find(host);
    return selects(task.select, host, found == facts_.end() ? nullptr : &found->second);
}

} // namespace meshprobe
