#include "ctl/backfill/plan.hpp"

#include "ctl/backfill/parts.hpp"
#include "ctl/host_argument.hpp"
#include "lib/alias.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/clock.hpp"
#include "lib/config/selection.hpp"
#include "lib/host_name.hpp"
#include "lib/host_record.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace meshprobe {

namespace {

class Planner {
  public:
    Planner(const Paths& paths, const Config& config, const BackfillWish& wish,
            const std::vector<BackfillStanding>& known)
        : paths_(paths), config_(config), wish_(wish), known_(known), selection_(paths) {}

    Result<std::vector<BackfillJob>> plan() {
        for (const auto& archive : wish_.archives) {
            const auto known = config_.archives.find(archive);
            if (known == config_.archives.end() || !known->second.enabled) {
                return fail(ErrorKind::usage,
                            fmt::format("--archive: there is no enabled archive \"{}\"", archive));
            }
        }
        if (wish_.task && !config_.tasks.contains(*wish_.task))
            return fail(ErrorKind::usage, fmt::format("--task: there is no task \"{}\"", *wish_.task));
        auto instances = find_instances();
        if (!instances) return fail(instances.error());
        for (const auto& instance : *instances) {
            if (auto planned = wish_.gaps ? plan_gaps(instance) : plan_range(instance); !planned)
                return fail(planned.error());
        }
        return std::move(jobs_);
    }

  private:
    [[nodiscard]] bool is_task_for(const std::string& task, const std::string& host) const {
        if (wish_.task && task != *wish_.task) return false;
        const auto settings = config_.task(task, host);
        return settings.enabled && selection_.is_for(settings, host);
    }

    /// The hosts that were meant, those that nobody knows among them.
    Result<std::set<std::string>> find_hosts() {
        const auto known = every_host(paths_);
        if (!known) return fail(known.error());
        if (wish_.hosts.empty()) return *known;
        std::set<std::string> hosts;
        for (const auto& argument : wish_.hosts) {
            bool any = false;
            for (const auto& host : *known) {
                if (!names_host(argument, host)) continue;
                hosts.insert(host);
                any = true;
            }
            if (any) continue;
            // A host need not be collected to be asked for its past.
            const auto name = parse_host_name(argument);
            if (!name) return fail(ErrorKind::usage, no_such_host(argument, *known));
            fmt::print(stderr, "meshprobectl: no mesh names {}, and it was never collected; it is asked\n",
                       name->text());
            hosts.insert(name->text());
        }
        return hosts;
    }

    /// The other name under which the same archive is collected; empty: this one is collected itself.
    [[nodiscard]] Result<std::string> collected_as(const Instance& instance) const {
        const auto record = read_host_record(paths_, instance.host);
        if (record && *record && !(*record)->alias_of.empty()) return (*record)->alias_of;
        const auto other = rests_for(paths_, instance, now_usec());
        if (!other) return fail(other.error());
        return *other && is_task_for((*other)->task, (*other)->host) ? (*other)->host : std::string();
    }

    [[nodiscard]] bool is_named(const std::string& host) const {
        return std::ranges::any_of(wish_.hosts, [&host](const std::string& argument) {
            const auto name = parse_host_name(argument);
            return name && name->text() == host;
        });
    }

    Result<std::set<Instance>> find_instances() {
        const auto hosts = find_hosts();
        if (!hosts) return fail(hosts.error());
        std::set<Instance> instances;
        std::string alias;
        for (const auto& host : *hosts) {
            for (const auto& [task, settings] : config_.tasks) {
                if (!is_task_for(task, host)) continue;
                const auto other = collected_as({task, host});
                if (!other) return fail(other.error());
                if (other->empty()) {
                    instances.insert({task, host});
                    continue;
                }
                alias = fmt::format("{0} is another name of {1}, under which its archive is collected; say "
                                    "'meshprobectl backfill {1}'",
                                    host, *other);
                if (is_named(host)) return fail(ErrorKind::usage, alias);
            }
        }
        if (!instances.empty() || wish_.hosts.empty()) return instances;
        if (!alias.empty()) return fail(ErrorKind::usage, alias);
        return fail(ErrorKind::configuration,
                    fmt::format("no task is for {}: all are switched off or select other hosts; see "
                                "'meshprobectl config HOST'",
                                fmt::join(wish_.hosts, ", ")));
    }

    [[nodiscard]] std::vector<std::string> archives_of(const Instance& instance) const {
        if (!wish_.archives.empty()) return wish_.archives;
        std::vector<std::string> archives;
        for (const auto& name : config_.task(instance.task, instance.host).archives) {
            const auto archive = config_.archives.find(name);
            if (archive != config_.archives.end() && archive->second.enabled) archives.push_back(name);
        }
        return archives;
    }

    void add(const Instance& instance, BackfillPart part) {
        auto& ranges = part.ranges;
        std::ranges::sort(ranges, {}, &BackfillRange::since);
        std::vector<std::string> archives(part.archives.begin(), part.archives.end());
        auto meaning = fmt::format("{}\narchives {}", wish_.words, fmt::join(archives, " "));
        for (const auto& range : ranges)
            meaning += fmt::format("\n{} {} {} {}", range.since, range.until, range.lost, range.series);
        for (const auto& range : part.brought)
            meaning += fmt::format("\nbut {} {} {}", range.since, range.until, range.series);
        jobs_.push_back({.id = backfill_id(instance, meaning),
                         .instance = instance,
                         .ranges = std::move(ranges),
                         .gaps = wish_.gaps,
                         .again = wish_.again,
                         .event_types = wish_.event_types,
                         .archives = std::move(archives),
                         .made_usec = now_usec(),
                         .brought = std::move(part.brought),
                         .words = wish_.words});
    }

    /// Jobs of others that are not finished take part; what is planned is what they leave.
    void plan(const Instance& instance, std::map<std::string, BackfillLack> lacks) {
        for (const auto& standing : known_) {
            if (standing.job.instance != instance || wish_.again) continue;
            // What a finished one brought is in no ledger any more; what is in it was lost since.
            if (wish_.gaps && standing.state.is_finished()) continue;
            bool takes_part = false;
            for (auto& [archive, lack] : lacks)
                takes_part |= take_off(lack, what_brings(standing, wish_, archive));
            if (takes_part && !standing.state.is_finished()) jobs_.push_back(standing.job);
        }
        for (auto& part : by_archives(lacks))
            add(instance, std::move(part));
    }

    Status plan_range(const Instance& instance) {
        std::map<std::string, BackfillLack> lacks;
        for (const auto& archive : archives_of(instance)) {
            lacks[archive].ranges = {
                {.series = {}, .since = *wish_.since, .until = *wish_.until, .lost = false}};
        }
        if (lacks.empty()) {
            return fail(ErrorKind::configuration,
                        fmt::format("{}: its task has no archive that is enabled", instance.name()));
        }
        // The same words go on with what is not finished, whatever time they mean by now.
        for (const auto& standing : known_) {
            const auto& job = standing.job;
            if (job.instance != instance || job.words != wish_.words || standing.state.is_finished())
                continue;
            const auto of_job =
                std::erase_if(lacks, [&job](const auto& lack) { return contains(job.archives, lack.first); });
            if (of_job > 0) jobs_.push_back(job);
        }
        plan(instance, std::move(lacks));
        return {};
    }

    Status plan_gaps(const Instance& instance) {
        const auto state = read_checkpoint(paths_, instance);
        if (!state) return fail(state.error());
        if (!*state) return {};
        std::map<std::string, BackfillLack> lacks;
        for (const auto& archive : archives_of(instance))
            lacks[archive] = holes_of((*state)->gaps, wish_, archive);
        plan(instance, std::move(lacks));
        return {};
    }

    const Paths& paths_;
    const Config& config_;
    const BackfillWish& wish_;
    const std::vector<BackfillStanding>& known_;
    Selection selection_;
    std::vector<BackfillJob> jobs_;
};

} // namespace

Result<std::vector<BackfillJob>> plan_backfill(const Paths& paths, const Config& config,
                                               const BackfillWish& wish,
                                               const std::vector<BackfillStanding>& known) {
    return Planner(paths, config, wish, known).plan();
}

} // namespace meshprobe
