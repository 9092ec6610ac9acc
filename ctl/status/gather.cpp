#include "ctl/status/gather.hpp"

#include "ctl/output.hpp"

#include <algorithm>

namespace meshprobe::status {

namespace {

/// No success for three intervals, at least 15 min. A host that has not had one since the boot is late as
/// soon as its third run in a row went wrong: a dead host is not to look well for a quarter of an hour.
bool is_overdue(const InstanceStatus& status, std::int64_t now) {
    constexpr Microseconds least = std::chrono::minutes(15);
    if (!status.counts()) return false;
    const auto patience = std::max(least, 3 * status.interval).count();
    const auto last_success = status.last ? status.last->last_success_usec : 0;
    if (last_success != 0) return now - last_success > patience;
    if (status.last && status.last->bad_runs >= 3) return true;
    return status.active_since_usec != 0 && now - status.active_since_usec > patience;
}

void read_meshes(const Paths& paths, Report& report) {
    for (const auto& [name, mesh] : report.loaded.config.meshes) {
        if (!mesh.enabled) continue;
        auto state = read_mesh_state(paths, name);
        if (!state) {
            report.unreadable.push_back(state.error().message);
            continue;
        }
        MeshState never;
        never.mesh = name;
        report.meshes.push_back(*state ? std::move(**state) : std::move(never));
    }
}

} // namespace

Report gather(const Paths& paths, std::span<const std::string> hosts) {
    Report report;
    report.scope = paths.scope();
    report.now_usec = now_usec();
    if (auto loaded = load_config(paths)) {
        report.loaded = std::move(*loaded);
    } else {
        report.broken = loaded.error();
        report.loaded.problems = read_config(paths).problems;
    }
    const auto& config = report.loaded.config;
    report.instances = find_instances(paths, hosts, report);
    if (hosts.empty()) read_meshes(paths, report);
    report.archives = find_archives(paths, config, report);
    ask_systemd(paths, report);
    for (auto& status : report.instances) {
        status.overdue = is_overdue(status, report.now_usec);
        if (status.counts()) ++report.counted;
        if (status.overdue) ++report.overdue;
    }
    return report;
}

} // namespace meshprobe::status
