#include "ctl/host_argument.hpp"
#include "ctl/status/gather.hpp"
#include "lib/alias.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/config/selection.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/host_name.hpp"
#include "lib/host_record.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>
#include <system_error>

namespace meshprobe::status {

namespace {

using State = InstanceStatus::State;

bool is_wanted(std::span<const std::string> patterns, const Instance& instance) {
    return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
               if (names_host(pattern, instance.host)) return true;
               if (pattern.find('@') == std::string::npos) return false;
               const auto parsed = parse_instance(pattern);
               return parsed && *parsed == instance;
           });
}

class Finder {
  public:
    Finder(const Paths& paths, Report& report)
        : paths_(paths), config_(report.loaded.config), report_(report),
          by_hand_(instances_enabled_by_hand(paths)), selection_(paths) {}

    std::vector<InstanceStatus> find() {
        const auto records = read_host_records(paths_);
        if (!records) {
            report_.unreadable.push_back(records.error().message);
            report_.is_blind = true;
        }
        const HostRecords& known = records ? *records : HostRecords{};
        for (const auto& [host, record] : known)
            add_host(host, record);
        for (const auto& instance : by_hand_) {
            if (!known.contains(instance.host) || !has(instance)) add(instance, {});
        }
        std::ranges::sort(found_, {}, [](const InstanceStatus& status) {
            return std::pair(std::string_view(status.instance.host), std::string_view(status.instance.task));
        });
        return std::move(found_);
    }

  private:
    [[nodiscard]] bool has(const Instance& instance) const {
        return std::ranges::find(found_, instance, &InstanceStatus::instance) != found_.end();
    }

    void add_host(const std::string& host, const HostRecord& record) {
        if (!record.alias_of.empty()) {
            add({std::string(default_task), host}, record);
            return;
        }
        const auto before = found_.size();
        for (const auto& [task, settings] : config_.tasks) {
            const auto own = config_.task(task, host);
            if (own.enabled && selection_.is_for(own, host)) add({task, host}, record);
        }
        if (found_.size() == before) add({std::string(default_task), host}, record);
    }

    void add(const Instance& instance, const HostRecord& record) {
        InstanceStatus status;
        status.instance = instance;
        status.meshes = record.meshes;
        status.alias_of = record.alias_of;
        status.measurement_archives = record.measurement_archives;
        status.by_hand = std::ranges::find(by_hand_, instance) != by_hand_.end();
        if (status.measurement_archives.empty())
            status.measurement_archives.push_back(standard_archive_url(instance.host));
        const auto settings = config_.task(instance.task, instance.host);
        status.interval = settings.interval;
        if (status.alias_of.empty()) find_alias(status);
        if (!status.alias_of.empty()) {
            status.state = State::alias;
        } else if (!settings.enabled) {
            status.state = State::off;
            status.fault = fault_of_host(report_.loaded, instance.host);
        } else if (is_masked(paths_, instance)) {
            status.state = State::masked;
        } else if (settings.enable == Enable::manual && !status.by_hand) {
            status.state = State::manual;
        }
        found_.push_back(std::move(status));
    }

    /// What a probe found out and refresh has not looked at yet.
    void find_alias(InstanceStatus& status) const {
        auto other = rests_for(paths_, status.instance, report_.now_usec);
        if (!other) {
            report_.unreadable.push_back(other.error().message);
        } else if (*other) {
            status.alias_of = (*other)->host;
        }
    }

    const Paths& paths_;
    const Config& config_;
    Report& report_;
    std::vector<Instance> by_hand_;
    Selection selection_;
    std::vector<InstanceStatus> found_;
};

/// `named`: somebody asked for this host, so that no effort is too much.
void read_files(const Paths& paths, bool named, InstanceStatus& status, Report& report) {
    auto last = read_last_result(paths, status.instance);
    if (last) {
        status.last = std::move(*last);
    } else {
        report.unreadable.push_back(last.error().message);
        status.is_unreadable = true;
        if (status.counts()) report.is_blind = true;
    }
    // A checkpoint is read only where there is something to find: thousands of them take a while.
    if (!named && status.last && status.last->gaps == 0) return;
    const auto holder = state_of(paths, status.instance, report.now_usec);
    if (!holder) report.unreadable.push_back(holder.error().message);
    auto checkpoint = read_checkpoint(paths, holder ? *holder : status.instance);
    if (!checkpoint) {
        report.unreadable.push_back(checkpoint.error().message);
    } else if (*checkpoint) {
        status.gaps = std::move((*checkpoint)->gaps);
    }
}

} // namespace

std::vector<InstanceStatus> find_instances(const Paths& paths, std::span<const std::string> hosts,
                                           Report& report) {
    auto instances = Finder(paths, report).find();
    std::erase_if(instances,
                  [&](const InstanceStatus& status) { return !is_wanted(hosts, status.instance); });
    for (auto& status : instances)
        read_files(paths, !hosts.empty(), status, report);
    return instances;
}

} // namespace meshprobe::status
