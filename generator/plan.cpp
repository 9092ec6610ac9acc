#include "generator/plan.hpp"

#include "generator/header.hpp"
#include "generator/settings.hpp"
#include "lib/config/selection.hpp"
#include "templates/skeletons.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

/// A first run at the start of the timer is for the hosts that somebody enables one by one. Of a whole fleet
/// they would all begin in the same second of the boot; there the schedule is enough.
constexpr std::size_t most_first_runs = 64;

std::string replace_all(std::string text, std::string_view hole, std::string_view value) {
    for (auto at = text.find(hole); at != std::string::npos; at = text.find(hole, at + value.size()))
        text.replace(at, hole.size(), value);
    return text;
}

/// The packaged template, for another task.
std::string task_unit(std::string_view skeleton, std::string_view task) {
    const auto text = replace_all(std::string(skeleton), "@task@", task);
    return std::string(header) + replace_all(text, "@for_task@", fmt::format(" (task {})", task));
}

class Planner {
  public:
    Planner(const Config& config, const Facts& facts) : config_(config), facts_(facts) {}

    Plan plan() && {
        for (const auto& [name, task] : config_.tasks) {
            if (task.enabled) plan_task(name, task);
        }
        for (const auto& [name, archive] : config_.archives) {
            // One with errors goes on being spooled for, and delivers nothing before it is mended.
            if (archive.enabled && !archive.faulty) plan_archive(archive);
        }
        plan_refetch();
        plan_refresh();
        if (is_user()) plan_watched_paths();
        std::ranges::sort(plan_.files, {}, &PlannedFile::path);
        return std::move(plan_);
    }

  private:
    /// What an instance's template says.
    struct Template {
        std::string task;
        std::string link; ///< what links to an instance's timer point to
        TimerSettings timer;
        ServiceSettings service;
    };

    void plan_task(const std::string& name, const TaskSettings& task) {
        const Template own{.task = name,
                           .link = link_target(name),
                           .timer = timer_settings(task),
                           .service = service_settings(task, facts_)};
        const auto unit = template_name(name) + "@";
        if (name != default_task) {
            const auto& skeletons = is_user() ? user_skeletons : system_skeletons;
            file(unit + ".service", task_unit(skeletons.service, name));
            file(unit + ".timer", task_unit(skeletons.timer, name));
        }
        drop_in(unit + ".timer", timer_drop_in(own.timer));
        drop_in(unit + ".service", service_drop_in(own.service, credentials("probe")));
        for (const auto& host : facts_.hosts)
            plan_instance(own, {.task = name, .host = host});
        for (const auto& instance : facts_.enabled_by_hand) {
            // The administrator's link makes it run; it gets its settings like any other.
            if (instance.task == name) plan_drop_ins(own, instance, config_.task(name, instance.host));
        }
    }

    void plan_instance(const Template& own, const Instance& instance) {
        const auto settings = config_.task(instance.task, instance.host);
        if (!settings.enabled || !selects(settings.select, instance.host, facts_of(instance.host))) return;
        if (const auto good = check_instance(instance); !good) {
            plan_.refused.push_back(fmt::format("host is left out: {}", good.error().message));
            return;
        }
        if (settings.enable == Enable::mesh) wanted(instance.timer(), own.link);
        if (!is_enabled_by_hand(instance)) plan_drop_ins(own, instance, settings);
    }

    [[nodiscard]] const HostFacts* facts_of(const std::string& host) const {
        const auto found = facts_.facts.find(host);
        return found == facts_.facts.end() ? nullptr : &found->second;
    }

    void plan_drop_ins(const Template& own, const Instance& instance, const TaskSettings& settings) {
        const bool first_run =
            is_enabled_by_hand(instance) && facts_.enabled_by_hand.size() <= most_first_runs;
        const auto timer = timer_settings(settings);
        if (first_run) {
            drop_in(instance.timer(), timer_drop_in(timer, instance.service()));
        } else if (timer != own.timer) {
            drop_in(instance.timer(), timer_drop_in(timer));
        }
        const auto service = service_settings(settings, facts_);
        if (service != own.service)
            drop_in(instance.service(), service_drop_in(service, credentials("probe")));
    }

    [[nodiscard]] bool is_enabled_by_hand(const Instance& instance) const {
        return std::ranges::binary_search(facts_.enabled_by_hand, instance);
    }

    void plan_archive(const Archive& archive) {
        const auto unit = "meshprobe-archive@" + archive.name;
        wanted(unit + ".path", packaged("meshprobe-archive@.path"));
        // A user's services have no such sandbox, and no limit of their own in the system's journal.
        if (!is_user() && !archive.shadow) {
            if (archive.archiver == "file") return drop_in(unit + ".service", file_drop_in(archive.path));
            if (archive.archiver == "syslog") return drop_in(unit + ".service", syslog_drop_in());
        }
        plan_credentials(unit + ".service",
                         credentials_of(archive.connection, archive.credential, facts_.archive_credentials),
                         "archive");
    }

    void plan_refetch() {
        const bool is_wanted = std::ranges::any_of(config_.archives, [](const auto& entry) {
            return entry.second.enabled && entry.second.when_full == WhenFull::refetch;
        });
        if (is_wanted) wanted("meshprobe-refetch.timer", packaged("meshprobe-refetch.timer"));
    }

    void plan_refresh() {
        std::optional<Microseconds> interval;
        std::vector<std::string> credentials;
        for (const auto& [name, mesh] : config_.meshes) {
            if (!mesh.enabled) continue;
            interval = std::min(interval.value_or(mesh.refresh), mesh.refresh);
            std::ranges::copy(credentials_of(mesh.connection, {}, facts_.mesh_credentials),
                              std::back_inserter(credentials));
        }
        // Without a mesh there is nothing to refresh, once the hosts of the last one are gone.
        if (!interval && facts_.hosts.empty()) return;
        for (const std::string_view unit : {"meshprobe-refresh.timer", "meshprobe-refresh.service"})
            wanted(unit, packaged(unit));
        if (interval) drop_in("meshprobe-refresh.timer", timer_drop_in(timer_settings(*interval)));
        std::ranges::sort(credentials);
        credentials.erase(std::unique(credentials.begin(), credentials.end()), credentials.end());
        plan_credentials("meshprobe-refresh.service", credentials, "mesh");
    }

    void plan_credentials(std::string_view unit, const std::vector<std::string>& names,
                          std::string_view user) {
        if (!names.empty()) drop_in(unit, credentials_drop_in(names, credentials(user)));
    }

    /// The packaged path units say where a user's directories usually are.
    void plan_watched_paths() {
        const auto state = facts_.paths.state().string();
        const auto configuration = facts_.paths.configuration_directory().string();
        drop_in("meshprobe-converge.path", path_drop_in("PathChanged", {facts_.paths.hosts().string()}));
        drop_in("meshprobe-archive@.path", path_drop_in("DirectoryNotEmpty", {state + "/spool/%i/q"}));
        drop_in("meshprobe-apply.path",
                path_drop_in("PathChanged", {configuration, configuration + "/meshprobe.yaml.d"}));
    }

    [[nodiscard]] bool is_user() const { return facts_.paths.scope() == Scope::user; }
    [[nodiscard]] std::string packaged(std::string_view unit) const {
        return (facts_.paths.packaged_units() / unit).string();
    }
    [[nodiscard]] std::string credentials(std::string_view user) const {
        return facts_.paths.credentials(user).string();
    }

    [[nodiscard]] std::string link_target(std::string_view task) const {
        if (task == default_task) return packaged("meshprobe@.timer");
        return fmt::format("../{}@.timer", template_name(task));
    }

    void file(std::string path, std::string content) {
        plan_.files.push_back({.path = std::move(path), .content = std::move(content), .target = {}});
    }
    void wanted(std::string_view unit, const std::string& target) {
        plan_.files.push_back(
            {.path = fmt::format("meshprobe.target.wants/{}", unit), .content = {}, .target = target});
    }
    void drop_in(std::string_view unit, std::string content) {
        file(fmt::format("{}.d/00-meshprobe.conf", unit), std::move(content));
    }

    const Config& config_;
    const Facts& facts_;
    Plan plan_;
};

} // namespace

Plan make_plan(const Config& config, const Facts& facts) {
    return Planner(config, facts).plan();
}

} // namespace meshprobe
