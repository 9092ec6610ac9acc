#include "ctl/refresh/facts.hpp"

#include "lib/file.hpp"
#include "lib/mesh/state.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t most_refusals = 1000;

std::filesystem::path file_of(const Paths& paths, std::string_view mesh) {
    return mesh_copy_directory(paths, mesh) / "facts";
}

std::string escaped(std::string_view name) {
    constexpr std::size_t shown = 80;
    std::string text;
    for (const char c : name.substr(0, shown)) {
        text += c >= ' ' && c <= '~' ? std::string(1, c)
                                     : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return text;
}

/// A file that cannot be read is written anew.
FactsOfHosts read_or_none(const std::filesystem::path& file) {
    auto read = read_host_facts(file);
    return read && *read ? std::move((*read)->hosts) : FactsOfHosts{};
}

Status write_if_changed(const std::filesystem::path& file, const std::string& text) {
    const auto before = read_file_if_exists(file, text.size() + 1, Links::refuse);
    if (before && *before == text) return {};
    return write_file_durably(file, text);
}

void merge(HostFacts& all, const HostFacts& more) {
    all.groups.insert(more.groups.begin(), more.groups.end());
    all.tags.insert(more.tags.begin(), more.tags.end());
    all.tasks.insert(more.tasks.begin(), more.tasks.end());
    all.tests.insert(more.tests.begin(), more.tests.end());
}

} // namespace

void FactReader::note(const MeshTask& task, const MeshTuple& tuple, Archives archives) {
    for (const MeshArchive* archive : archives) {
        Noted& noted = noted_[archive];
        const bool is_of_task = std::exchange(noted.task, &task) == &task;
        for (const Participant& member : tuple.members) {
            if (member.has_tags && noted.members.insert(member.properties).second) add_tags(*archive, member);
        }
        if (is_of_task) continue;
        for (const auto& place : archive->read_urls) {
            HostFacts& facts = facts_.hosts[place.host];
            add(facts.tasks, "name of a task", task.name);
            add(facts.groups, "name of a group", task.group);
            add(facts.tests, "type of a test", task.test_type);
        }
    }
}

void FactReader::refuse(std::string what, std::string reason) {
    if (facts_.refusals.size() < most_refusals) facts_.refusals.insert({std::move(what), std::move(reason)});
}

void FactReader::add_tags(const MeshArchive& archive, const Participant& member) {
    for (const auto& place : archive.read_urls) {
        HostFacts& facts = facts_.hosts[place.host];
        for (const auto* holder : {member.top, member.properties, member.host}) {
            if (holder == nullptr || !holder->is_object()) continue;
            const auto tags = holder->find("tags");
            if (tags == holder->end() || !tags->is_array()) continue;
            for (const auto& tag : *tags) {
                if (tag.is_string()) add(facts.tags, "tag", tag.get_ref<const std::string&>());
            }
        }
    }
}

void FactReader::add(Names& names, std::string_view what, std::string_view name) {
    if (names.contains(name)) return;
    if (!is_fact(name)) {
        refuse(fmt::format("{} \"{}\"", what, escaped(name)),
               "tasks cannot select by it: expected at most 128 printable ASCII characters");
    } else if (names.size() < most_facts_of_host / 8) {
        names.emplace(name);
    } else {
        refuse(fmt::format("{} \"{}\"", what, name),
               fmt::format("a host has more than {} of them", most_facts_of_host / 8));
    }
}

Status write_mesh_facts(const Paths& paths, std::string_view mesh, FactsOfHosts facts,
                        const std::map<std::string, std::int64_t, std::less<>>& held) {
    const auto file = file_of(paths, mesh);
    if (!held.empty()) {
        auto before = read_or_none(file);
        for (const auto& [host, since] : held) {
            if (auto known = before.extract(host)) facts.insert(std::move(known));
        }
    }
    return write_if_changed(file, format_host_facts(facts));
}

Status publish_facts(const Paths& paths, const MeshesOfHosts& hosts) {
    FactsOfHosts all;
    std::set<std::string> meshes;
    for (const auto& [host, names] : hosts) {
        meshes.insert(names.begin(), names.end());
        all[host].meshes.insert(names.begin(), names.end());
    }
    for (const auto& mesh : meshes) {
        for (const auto& [host, facts] : read_or_none(file_of(paths, mesh))) {
            if (const auto found = all.find(host); found != all.end() && found->second.meshes.contains(mesh))
                merge(found->second, facts);
        }
    }
    return write_if_changed(paths.host_facts(), format_host_facts(all));
}

} // namespace meshprobe
