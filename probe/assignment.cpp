#include "probe/assignment.hpp"

#include "lib/alias.hpp"
#include "lib/clock.hpp"
#include "lib/config/selection.hpp"
#include "lib/host_record.hpp"
#include "probe/limit/pscheduler_limit.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

/// An alias rests while its other name is collected, and goes on where that one stopped if it is no longer.
Status assign_state(const Paths& paths, const Config& config, const Instance& instance,
                    Assignment& assignment) {
    assignment.state_of = instance;
    const auto mark = read_alias_mark(paths, instance);
    if (!mark) return fail(mark.error());
    if (!*mark || !(*mark)->decided) return {};
    const Instance& other = (*mark)->of;
    const auto standing = standing_of(paths, other, now_usec());
    if (!standing) return fail(standing.error());
    const auto settings = config.task(other.task, other.host);
    const bool has_task = settings.enabled && Selection(paths).is_for(settings, other.host);
    if (!is_stood_in_for(*standing) || !has_task) {
        assignment.state_of = other;
    } else if ((*mark)->is_fresh(now_usec())) {
        assignment.is_alias = true;
        assignment.nothing_to_do = fmt::format(
            "{} is an alias of {} (it lists the same metadata keys), which is collected itself; with the "
            "next refresh it has no timer any more",
            instance.host, other.host);
    } // else it is asked again whether it still is
    return {};
}

} // namespace

Result<Assignment> assign(const Paths& paths, const LoadedConfig& loaded, const Instance& instance,
                          const Exceptions& exceptions) {
    const auto& config = loaded.config;
    if (!config.tasks.contains(instance.task)) {
        return fail(ErrorKind::configuration,
                    fmt::format("there is no usable task \"{}\" in the configuration: \"meshprobectl check\" "
                                "says whether tasks.{} has an error; else disable {}",
                                instance.task, instance.task, instance.timer()));
    }
    if (const auto fault = fault_of_host(loaded, instance.host); !fault.empty()) {
        return fail(
            ErrorKind::configuration,
            fmt::format("the section of this host in the configuration has an error, which switches it "
                        "off: {}; correct it (\"meshprobectl check\" shows all errors)",
                        fault));
    }
    Assignment assignment;
    assignment.task = config.task(instance.task, instance.host);
    if (!assignment.task.enabled) {
        assignment.nothing_to_do = fmt::format(
            "{} is switched off for this host by the configuration (enabled: false)", instance.name());
        return assignment;
    }
    auto record = read_host_record(paths, instance.host);
    if (!record) return fail(record.error());
    if (*record && !(*record)->alias_of.empty()) {
        assignment.nothing_to_do = fmt::format("{} is an alias of {}, which is collected itself",
                                               instance.host, (*record)->alias_of);
        return assignment;
    }
    if (auto assigned = assign_state(paths, config, instance, assignment); !assigned)
        return fail(assigned.error());
    if (!assignment.nothing_to_do.empty()) return assignment;
    if (*record) assignment.measurement_archives = (*record)->measurement_archives;
    if (assignment.measurement_archives.empty()) {
        assignment.measurement_archives.push_back(standard_archive_url(instance.host));
    }
    for (const auto& name : exceptions.archives.value_or(assignment.task.archives)) {
        const auto archive = config.archives.find(name);
        if (archive == config.archives.end() || !archive->second.enabled) continue;
        assignment.archives.push_back(archive->second);
        assignment.destinations.push_back(destination_of(archive->second, config));
    }
    if (assignment.archives.empty()) {
        return fail(
            ErrorKind::configuration,
            fmt::format("task \"{}\" has no archive that is enabled, so nothing is collected: name one under "
                        "tasks.{}.archives (\"meshprobectl check\" says what is wrong with the others)",
                        instance.task, instance.task));
    }
    const auto make = [&](const Limit& limit) {
        return limit.type == "pscheduler" ? make_pscheduler_limit(limit, paths, instance.host)
                                          : make_limit(limit);
    };
    auto names = assignment.task.limits;
    if (exceptions.without_age) {
        std::erase_if(names, [&config](const std::string& name) {
            const auto limit = config.limits.find(name);
            return limit != config.limits.end() && limit->second.type == "age";
        });
    }
    auto limits = LimitSet::create(config, names, make);
    if (!limits) return fail(limits.error());
    assignment.limits = std::move(*limits);
    return assignment;
}

} // namespace meshprobe
