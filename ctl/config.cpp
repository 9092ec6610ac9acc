// meshprobectl config: what is in force, and which file says so.
#include "ctl/commands.hpp"
#include "ctl/effective.hpp"
#include "ctl/output.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/host_keys.hpp"
#include "lib/config/load.hpp"
#include "lib/config/schema.hpp"
#include "lib/host_name.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

const Node* find_entry(const LoadedConfig& loaded, std::string_view section, std::string_view name) {
    const Node* node = loaded.tree->find(section);
    return node == nullptr ? nullptr : node->find(name);
}

std::vector<const Node*> one(const Node* node) {
    return node == nullptr ? std::vector<const Node*>{} : std::vector<const Node*>{node};
}

/// The output may well end up in a ticket.
template <class T>
T without_password(T named) {
    named.url = check::without_password(named.url);
    return named;
}

void set_origin(std::vector<Effective>& entries, std::string_view key, const std::string& origin) {
    const auto found = std::ranges::find(entries, key, &Effective::key);
    if (found != entries.end()) found->origin = origin;
}

/// What errors in an entry have come to; empty if it has none.
std::string effect_of_errors(const LoadedConfig& loaded, std::string_view section, std::string_view name) {
    const auto entry = fmt::format("{}.{}", section, name);
    const auto problem = std::ranges::find(loaded.problems, entry, &Problem::entry);
    if (problem == loaded.problems.end()) return {};
    return fmt::format("{} ({}:{})", problem->effect, problem->file, problem->line);
}

/// meshes, archives, limits and transforms: `keys` and what else may stand there.
template <class T>
Effective section_of(const LoadedConfig& loaded, std::string_view section,
                     const std::map<std::string, T, std::less<>>& objects, const Keys<T>& keys) {
    auto all = mapping(std::string(section));
    for (const auto& named : objects) {
        const auto& name = named.first; // clang 14 has no structured bindings in `requires`
        const T& object = named.second;
        auto entry = mapping(name);
        const auto nodes = one(find_entry(loaded, section, name));
        if constexpr (requires { object.url; }) {
            add_effective(entry.entries, without_password(object), keys, nodes);
        } else {
            add_effective(entry.entries, object, keys, nodes);
        }
        if constexpr (requires { object.connection; }) {
            add_effective(entry.entries, object.connection, connection_keys(), nodes);
        }
        if constexpr (requires { object.description; }) {
            add_effective(entry.entries, object.description, description_keys(), nodes);
        }
        const auto effect = effect_of_errors(loaded, section, name);
        if (!effect.empty()) set_origin(entry.entries, "enabled", effect);
        all.entries.push_back(std::move(entry));
    }
    return all;
}

/// A set that is changed, not given: {failures: false}.
void add_changes(Effective& entry, const Node& written) {
    entry.is_mapping = true;
    Reader silent;
    for (const auto& [name, member] : written.entries) {
        const auto is_in = silent.flag(*member.value);
        if (is_in) entry.entries.push_back({name, *is_in, origin_of(member.value.get()), false, {}});
    }
}

/// The keys that a section of a host sets itself; nothing else is known before it is laid over a task.
template <class T>
void add_written(std::vector<Effective>& entries, const T& object, const Keys<T>& keys, const Node& node) {
    for (const auto& key : keys) {
        const Node* written = node.find(key.name);
        if (written == nullptr) continue;
        Effective entry;
        entry.key = key.name;
        if (key.type == "set of names" && written->kind == Node::Kind::mapping && !written->replaces) {
            add_changes(entry, *written);
        } else if (key.nested.empty()) {
            entry.value = key.show(object);
            entry.origin = origin_of(written);
        } else {
            entry.is_mapping = true;
            add_written(entry.entries, object, key.nested, *written);
        }
        entries.push_back(std::move(entry));
    }
}

void add_written_settings(std::vector<Effective>& entries, const HostView& view, const Node& node) {
    add_written(entries, view.settings, task_keys(), node);
    add_written(entries, view.settings.connection, connection_keys(), node);
    add_written(entries, view.description, description_keys(), node);
}

Effective hosts_of(const LoadedConfig& loaded) {
    auto all = mapping("hosts");
    for (const auto& section : loaded.config.host_sections) {
        auto entry = mapping(section.key);
        Reader silent;
        HostView view;
        lay_over(silent, *section.node, {}, view);
        view.settings.enabled = view.host_enabled;
        add_written_settings(entry.entries, view, *section.node);
        if (const Node* tasks = section.node->find("tasks")) {
            auto below = mapping("tasks");
            for (const auto& [name, task] : tasks->entries) {
                HostView own;
                lay_over(silent, *section.node, name, own);
                below.entries.push_back(mapping(name));
                add_written_settings(below.entries.back().entries, own, *task.value);
            }
            entry.entries.push_back(std::move(below));
        }
        all.entries.push_back(std::move(entry));
    }
    return all;
}

std::vector<Effective> everything(const LoadedConfig& loaded) {
    const auto& config = loaded.config;
    std::vector<Effective> entries;
    add_effective(entries, config, global_keys(), one(loaded.tree.get()));
    entries.push_back(section_of(loaded, "meshes", config.meshes, mesh_keys()));
    entries.push_back(section_of(loaded, "tasks", config.tasks, task_keys()));
    entries.push_back(section_of(loaded, "limits", config.limits, limit_keys()));
    entries.push_back(section_of(loaded, "transforms", config.transforms, transform_keys()));
    entries.push_back(section_of(loaded, "archives", config.archives, archive_keys()));
    entries.push_back(hosts_of(loaded));
    return entries;
}

/// The mappings that speak about a task on a host, strongest first.
std::vector<const Node*> nodes_of(const LoadedConfig& loaded, const std::string& task,
                                  const std::string& host) {
    std::vector<const Node*> nodes = one(find_entry(loaded, "tasks", task));
    for (const auto* section : loaded.config.sections_of(host)) {
        nodes.push_back(section->node.get());
        const Node* tasks = section->node->find("tasks");
        if (const Node* own = tasks == nullptr ? nullptr : tasks->find(task)) nodes.push_back(own);
    }
    std::ranges::reverse(nodes);
    return nodes;
}

/// Host and task can both be switched off: says which of the places did it.
std::string why_disabled(const LoadedConfig& loaded, const std::vector<const Node*>& nodes,
                         const std::string& host) {
    for (const auto* section : loaded.config.sections_of(host)) {
        if (section->faulty) return effect_of_errors(loaded, "hosts", section->key);
    }
    Reader silent;
    for (const auto* node : nodes) {
        const Node* enabled = node->find("enabled");
        if (enabled != nullptr && silent.flag(*enabled) == false) return origin_of(enabled);
    }
    return origin_of(nullptr);
}

std::vector<Effective> of_host(const LoadedConfig& loaded, const std::string& host,
                               const std::vector<std::string>& tasks) {
    std::vector<const Node*> sections;
    for (const auto* section : loaded.config.sections_of(host))
        sections.insert(sections.begin(), section->node.get());
    std::vector<Effective> entries(1);
    entries.front() = {"host", host, "asked for", false, {}};
    add_effective(entries, loaded.config.description_of(host), description_keys(), sections);
    auto all = mapping("tasks");
    for (const auto& task : tasks) {
        auto entry = mapping(task);
        const auto settings = loaded.config.task(task, host);
        const auto nodes = nodes_of(loaded, task, host);
        add_effective(entry.entries, settings, task_keys(), nodes);
        add_effective(entry.entries, settings.connection, connection_keys(), nodes);
        if (!settings.enabled) set_origin(entry.entries, "enabled", why_disabled(loaded, nodes, host));
        all.entries.push_back(std::move(entry));
    }
    entries.push_back(std::move(all));
    return entries;
}

void print_state(const LoadedConfig& loaded) {
    const auto is_error = [](const Problem& problem) { return problem.scope != Problem::Scope::warning; };
    const auto errors = std::ranges::count_if(loaded.problems, is_error);
    if (errors == 0) return;
    fmt::print(stderr, "meshprobectl: {} in the files{}; see 'meshprobectl check'\n",
               errors == 1 ? "an error" : fmt::format("{} errors", errors),
               loaded.kept ? "; what is shown is the last good configuration, which stays in force" : "");
}

ExitCode print_effective(const CommandLine& line, const std::vector<Effective>& entries) {
    fmt::print("{}", line.json ? json_text(as_json(entries)) + "\n" : as_yaml(entries));
    return ExitCode::success;
}

} // namespace

ExitCode command::config(const CommandLine& line) {
    if (line.arguments.size() > 1) return complain_about_usage("config", "takes one host at most");
    const auto loaded = load_config(line.paths, Detail::places);
    if (!loaded) return complain(loaded.error());
    const auto wanted = line.value("task");
    if (wanted && !loaded->config.tasks.contains(*wanted)) {
        return complain_about_usage("config", fmt::format("there is no task \"{}\"", *wanted));
    }
    print_state(*loaded);
    if (line.arguments.empty()) {
        auto entries = everything(*loaded);
        if (wanted) {
            std::erase_if(entries, [](const Effective& entry) { return entry.key != "tasks"; });
            std::erase_if(entries.front().entries,
                          [&](const Effective& entry) { return entry.key != *wanted; });
        }
        return print_effective(line, entries);
    }
    const auto instance = parse_instance(line.arguments.front());
    if (!instance) return complain_about_usage("config", instance.error().message);
    std::vector<std::string> tasks;
    for (const auto& [name, settings] : loaded->config.tasks) {
        if (!wanted || name == *wanted) tasks.push_back(name);
    }
    return print_effective(line, of_host(*loaded, instance->host, tasks));
}

} // namespace meshprobe
