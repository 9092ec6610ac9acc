// meshprobectl enable and disable: what switching a host on or off takes, mesh-listed or not.
#include "ctl/commands.hpp"
#include "ctl/output.hpp"
#include "ctl/service_manager.hpp"
#include "ctl/unit_files.hpp"
#include "lib/config/load.hpp"
#include "lib/config/selection.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/host_record.hpp"
#include "lib/instance.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr Microseconds patience = std::chrono::minutes(3);

/// What is meant: one instance if a task was named, in whatever way, otherwise all tasks of the host.
Result<std::vector<Instance>> instances_meant(const CommandLine& line, const Config& config) {
    if (line.arguments.size() != 1) return fail(ErrorKind::usage, "expected one host");
    const auto& text = line.arguments.front();
    auto instance = parse_instance(text);
    if (!instance) return fail(ErrorKind::usage, instance.error().message);
    if (const auto task = line.value("task")) {
        instance->task = *task;
    } else if (text.find('@') == std::string::npos) {
        std::vector<Instance> all;
        for (const auto& [name, settings] : config.tasks)
            all.push_back({name, instance->host});
        return all;
    }
    if (!config.tasks.contains(instance->task)) {
        return fail(ErrorKind::usage, fmt::format("there is no task \"{}\"", instance->task));
    }
    return std::vector{*instance};
}

std::vector<std::string> timers_of(const std::vector<Instance>& instances) {
    std::vector<std::string> timers;
    for (const auto& instance : instances)
        timers.push_back(instance.timer());
    return timers;
}

struct Request {
    Config config;
    std::vector<Instance> instances;
};

Result<Request> understand(const CommandLine& line) {
    if (!line.paths.is_real_root())
        return fail(ErrorKind::usage, "--root means nothing here: systemd of this machine is meant");
    auto loaded = load_config(line.paths);
    if (!loaded) return fail(loaded.error());
    auto instances = instances_meant(line, loaded->config);
    if (!instances) return fail(instances.error());
    return Request{std::move(loaded->config), std::move(*instances)};
}

ExitCode give_up(std::string_view command, const Error& error) {
    return error.kind == ErrorKind::usage ? complain_about_usage(command, error.message) : complain(error);
}

/// Stop before mask: masking an active timer leaves it failed, and the system degraded.
Status switch_off(Scope scope, const std::vector<Instance>& instances) {
    auto manager = ServiceManager::connect(scope);
    if (!manager) return fail(manager.error());
    for (const auto& instance : instances) {
        for (const auto& unit : {instance.timer(), instance.service()}) {
            if (const auto stopped = manager->stop(unit); !stopped) return fail(stopped.error());
        }
    }
    const auto over = manager->wait_for_jobs(patience);
    if (!over) return fail(over.error());
    if (!*over)
        return fail(ErrorKind::internal, "systemd did not stop the units in time; nothing was masked");
    if (auto masked = unit_files::mask(scope, timers_of(instances)); !masked) {
        return fail(masked.error().in(fmt::format(
            "stopped, but only until the next boot (to switch it off for good, say \"enabled: false\" under "
            "hosts.{} in the configuration)",
            instances.front().host)));
    }
    return {};
}

Status switch_on(const Paths& paths, const Config& config, std::vector<Instance> instances) {
    const auto listed = read_host_record(paths, instances.front().host);
    if (!listed) return fail(listed.error());
    const auto by_hand = instances_enabled_by_hand(paths);
    const auto host = instances.front().host;
    const Selection selection(paths);
    std::erase_if(instances,
                  [&](const Instance& instance) { return !config.task(instance.task, host).enabled; });
    // All tasks are meant: those that are for other hosts are not.
    if (instances.size() > 1 && *listed) {
        std::erase_if(instances, [&](const Instance& instance) {
            return !selection.is_for(config.task(instance.task, host), host) &&
                   std::ranges::find(by_hand, instance) == by_hand.end();
        });
    }
    if (instances.empty()) {
        return fail(ErrorKind::configuration,
                    fmt::format("the configuration switches {0} off, or selects it for no task; "
                                "'meshprobectl config {0}' shows where",
                                host));
    }
    if (auto unmasked = unit_files::unmask(paths.scope(), timers_of(instances)); !unmasked) return unmasked;

    std::vector<std::string> unwanted; // by any mesh or link so far
    for (const auto& instance : instances) {
        const auto task = config.task(instance.task, host);
        const bool by_mesh = *listed && (*listed)->alias_of.empty() && task.enable == Enable::mesh &&
                             selection.is_for(task, host);
        if (!by_mesh && std::ranges::find(by_hand, instance) == by_hand.end())
            unwanted.push_back(instance.timer());
    }
    if (!unwanted.empty()) {
        if (auto enabled = unit_files::enable(paths.scope(), unwanted); !enabled) return enabled;
    }
    auto manager = ServiceManager::connect(paths.scope());
    if (!manager) return fail(manager.error());
    for (const auto& instance : instances) {
        const auto started = manager->start(instance.timer());
        if (!started) return fail(started.error());
        if (*started == ServiceManager::Answer::masked) {
            return fail(ErrorKind::configuration,
                        fmt::format("{} is still masked, perhaps by its template: {} unmask {}@.timer",
                                    instance.timer(), systemctl(paths.scope()),
                                    template_name(instance.task)));
        }
    }
    const auto over = manager->wait_for_jobs(patience);
    return over ? Status{} : fail(over.error());
}

} // namespace

ExitCode command::disable(const CommandLine& line) {
    const auto request = understand(line);
    if (!request) return give_up("disable", request.error());
    if (const auto done = switch_off(line.paths.scope(), request->instances); !done)
        return complain(done.error());
    for (const auto& instance : request->instances)
        fmt::print("{} is stopped and masked.\n", instance.timer());
    return ExitCode::success;
}

ExitCode command::enable(const CommandLine& line) {
    const auto request = understand(line);
    if (!request) return give_up("enable", request.error());
    if (const auto done = switch_on(line.paths, request->config, request->instances); !done)
        return complain(done.error());
    fmt::print("{} is switched on.\n", request->instances.front().host);
    return ExitCode::success;
}

} // namespace meshprobe
