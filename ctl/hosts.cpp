// meshprobectl hosts: what the meshes and the administrator named, and which instances come of it.
#include "ctl/commands.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/config/selection.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/host_record.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace meshprobe::command {

namespace {

struct Host {
    HostRecord record;
    std::vector<std::string> instances;
    bool by_hand = false; ///< an administrator's link under /etc enables it
};

using Hosts = std::map<std::string, Host, std::less<>>;

Host& host_named(Hosts& hosts, const std::string& name) {
    Host& host = hosts[name];
    host.record.host = name;
    return host;
}

Status add_mesh_hosts(const Paths& paths, const Config& config, Hosts& hosts) {
    auto records = read_host_records(paths);
    if (!records) return fail(records.error());
    const Selection selection(paths);
    for (auto& [name, record] : *records) {
        Host& host = host_named(hosts, name);
        host.record = std::move(record);
        if (!host.record.alias_of.empty()) continue;
        for (const auto& [task, settings] : config.tasks) {
            const TaskSettings effective = config.task(task, name);
            if (effective.enabled && effective.enable == Enable::mesh && selection.is_for(effective, name)) {
                host.instances.push_back(Instance{task, name}.name());
            }
        }
    }
    return {};
}

void add_hosts_enabled_by_hand(const Paths& paths, Hosts& hosts) {
    for (const Instance& instance : instances_enabled_by_hand(paths)) {
        Host& host = host_named(hosts, instance.host);
        host.by_hand = true;
        if (host.record.measurement_archives.empty()) {
            host.record.measurement_archives.push_back(standard_archive_url(instance.host));
        }
        if (std::ranges::find(host.instances, instance.name()) == host.instances.end()) {
            host.instances.push_back(instance.name());
        }
    }
}

bool wanted(const CommandLine& line, const std::string& name) {
    return line.arguments.empty() || std::ranges::any_of(line.arguments, [&](const std::string& pattern) {
               return names_host(pattern, name);
           });
}

nlohmann::ordered_json to_json(const Host& host) {
    const HostRecord& record = host.record;
    return {{"host", record.host},
            {"meshes", record.meshes},
            {"measurement-archives", record.measurement_archives},
            {"addresses", record.addresses},
            {"alias-of",
             record.alias_of.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(record.alias_of)},
            {"enabled-by-hand", host.by_hand},
            {"instances", host.instances}};
}

std::string instances_text(const Host& host) {
    if (!host.record.alias_of.empty()) return "alias of " + host.record.alias_of;
    if (host.instances.empty()) return "none (no enabled task)";
    return fmt::format("{}{}", fmt::join(host.instances, " "), host.by_hand ? " (by hand)" : "");
}

} // namespace

ExitCode hosts(const CommandLine& line) {
    const auto loaded = load_config(line.paths);
    if (!loaded) return complain(loaded.error());
    Hosts hosts;
    if (const auto added = add_mesh_hosts(line.paths, loaded->config, hosts); !added)
        return complain(added.error());
    add_hosts_enabled_by_hand(line.paths, hosts);
    std::set<std::string> known;
    for (const auto& [name, host] : hosts)
        known.insert(name);
    if (const auto checked = check_host_arguments(line.arguments, known); !checked)
        return complain_about_usage("hosts", checked.error().message);
    std::erase_if(hosts, [&](const auto& entry) { return !wanted(line, entry.first); });

    if (line.json) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& [name, host] : hosts)
            list.push_back(to_json(host));
        print_json(list);
        return ExitCode::success;
    }
    Table table({"HOST", "MESHES", "MEASUREMENT ARCHIVE", "INSTANCES"});
    for (const auto& [name, host] : hosts) {
        const HostRecord& record = host.record;
        table.add({name, record.meshes.empty() ? "-" : fmt::format("{}", fmt::join(record.meshes, ",")),
                   fmt::format("{}", fmt::join(record.measurement_archives, " ")), instances_text(host)});
    }
    table.print(!line.has("no-legend"));
    if (!line.has("no-legend")) fmt::print("\n{} host{}.\n", hosts.size(), hosts.size() == 1 ? "" : "s");
    return ExitCode::success;
}

} // namespace meshprobe::command
