#include "ctl/backfill/plan.hpp"

#include "ctl/host_argument.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/clock.hpp"
#include "lib/config/selection.hpp"
#include "lib/host_name.hpp"
#include "lib/host_record.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace meshprobe {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

std::string type_of(std::string_view series) {
    const auto blank = series.find(' ');
    return blank == std::string_view::npos ? std::string() : std::string(series.substr(blank + 1));
}

/// Cuts everything that `others` cover off the range.
std::vector<BackfillRange> without(const BackfillRange& range, const std::vector<BackfillRange>& others) {
    std::vector<BackfillRange> parts{range};
    for (const auto& other : others) {
        std::vector<BackfillRange> rest;
        for (const auto& part : parts) {
            if (other.until <= part.since || part.until <= other.since) {
                rest.push_back(part);
                continue;
            }
            BackfillRange before = part;
            before.until = other.since;
            BackfillRange after = part;
            after.since = other.until;
            for (const auto& left : {before, after}) {
                if (left.since < left.until) rest.push_back(left);
            }
        }
        parts = std::move(rest);
    }
    return parts;
}

/// What one archive misses: a hole of the whole host hides those of its series.
std::vector<BackfillRange> holes_in(const GapLedger& ledger, const BackfillWish& wish,
                                    const std::string& archive) {
    std::vector<BackfillRange> whole;
    std::vector<BackfillRange> parts;
    for (const auto& gap : ledger) {
        if (gap.archive != archive && !gap.archive.empty()) continue;
        if (wish.refetch && (gap.reason != "quota" || gap.archive.empty())) continue;
        const BackfillRange hole{.series = gap.series,
                                 .since = std::max(gap.since, wish.since.value_or(0)),
                                 .until = std::min(gap.until, wish.until.value_or(latest_timestamp)),
                                 .lost = was_lost(gap)};
        const bool is_wanted =
            wish.event_types.empty() || gap.series.empty() || contains(wish.event_types, type_of(gap.series));
        if (hole.since >= hole.until || !is_wanted) continue;
        (gap.series.empty() ? whole : parts).push_back(hole);
    }
    std::vector<BackfillRange> holes = whole;
    for (const auto& part : parts) {
        std::vector<BackfillRange> hidden_by = whole;
        std::erase_if(hidden_by, [&](const BackfillRange& range) { return range.lost != part.lost; });
        for (auto& rest : without(part, hidden_by))
            holes.push_back(std::move(rest));
    }
    return holes;
}

using Key = std::pair<std::string, bool>; ///< series, lost

/// Each second of a series once, with the archives that miss it.
std::map<std::set<std::string>, std::vector<BackfillRange>>
by_archives(const std::map<Key, std::map<std::string, std::vector<BackfillRange>>>& holes) {
    std::map<std::set<std::string>, std::vector<BackfillRange>> grouped;
    for (const auto& [key, of_archives] : holes) {
        std::set<Timestamp> edges;
        for (const auto& [archive, ranges] : of_archives) {
            for (const auto& range : ranges)
                edges.insert({range.since, range.until});
        }
        for (auto edge = edges.begin(); edge != edges.end() && std::next(edge) != edges.end(); ++edge) {
            const BackfillRange piece{
                .series = key.first, .since = *edge, .until = *std::next(edge), .lost = key.second};
            std::set<std::string> archives;
            for (const auto& [archive, ranges] : of_archives) {
                if (std::ranges::any_of(ranges, [&](const BackfillRange& range) {
                        return range.since <= piece.since && piece.until <= range.until;
                    }))
                    archives.insert(archive);
            }
            if (archives.empty()) continue;
            auto& ranges = grouped[archives];
            const bool goes_on = !ranges.empty() && ranges.back().series == piece.series &&
                                 ranges.back().lost == piece.lost && ranges.back().until == piece.since;
            if (goes_on) {
                ranges.back().until = piece.until;
            } else {
                ranges.push_back(piece);
            }
        }
    }
    return grouped;
}

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

    Result<std::set<Instance>> find_instances() {
        const auto hosts = find_hosts();
        if (!hosts) return fail(hosts.error());
        std::set<Instance> instances;
        for (const auto& host : *hosts) {
            const auto record = read_host_record(paths_, host);
            const bool is_alias = record && *record && !(*record)->alias_of.empty();
            if (is_alias && wish_.hosts.empty()) continue; // the other name is among them
            for (const auto& [task, settings] : config_.tasks) {
                if (is_task_for(task, host)) instances.insert({task, host});
            }
        }
        if (instances.empty() && !wish_.hosts.empty()) {
            return fail(ErrorKind::configuration,
                        fmt::format("no task is for {}: all are switched off or select other hosts; see "
                                    "'meshprobectl config HOST'",
                                    fmt::join(wish_.hosts, ", ")));
        }
        return instances;
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

    void add(const Instance& instance, std::vector<BackfillRange> ranges, std::vector<std::string> archives) {
        std::ranges::sort(ranges, {}, &BackfillRange::since);
        auto meaning = fmt::format("{}\narchives {}", wish_.words, fmt::join(archives, " "));
        for (const auto& range : ranges)
            meaning += fmt::format("\n{} {} {} {}", range.since, range.until, range.lost, range.series);
        jobs_.push_back({.id = backfill_id(instance, meaning),
                         .instance = instance,
                         .ranges = std::move(ranges),
                         .gaps = wish_.gaps,
                         .again = wish_.again,
                         .event_types = wish_.event_types,
                         .archives = std::move(archives),
                         .made_usec = now_usec(),
                         .words = wish_.words});
    }

    /// Another job has brought, or will bring, what this one is to.
    [[nodiscard]] bool covers(const BackfillJob& job, const std::vector<std::string>& archives) const {
        const bool has_types =
            job.event_types.empty() ||
            (!wish_.event_types.empty() && std::ranges::all_of(wish_.event_types, [&job](const auto& type) {
                return contains(job.event_types, type);
            }));
        return has_types && std::ranges::all_of(archives, [&job](const auto& archive) {
                   return contains(job.archives, archive);
               });
    }

    Status plan_range(const Instance& instance) {
        auto archives = archives_of(instance);
        if (archives.empty()) {
            return fail(ErrorKind::configuration,
                        fmt::format("{}: its task has no archive that is enabled", instance.name()));
        }
        std::vector<BackfillRange> done;
        for (const auto& standing : known_) {
            const auto& job = standing.job;
            if (job.instance != instance || job.gaps) continue;
            const bool is_finished = standing.state.is_finished();
            if (!is_finished && job.words == wish_.words && job.archives == archives) {
                jobs_.push_back(job);
                return {};
            }
            if (wish_.again || !covers(job, archives)) continue;
            bool overlaps = false;
            for (BackfillRange range : job.ranges) {
                // What lay in the future was not there yet.
                if (is_finished) range.until = std::min(range.until, job.made_usec / 1'000'000);
                if (range.since >= *wish_.until || range.until <= *wish_.since) continue;
                overlaps = true;
                done.push_back(range);
            }
            if (overlaps && !is_finished) jobs_.push_back(job);
        }
        auto ranges =
            without({.series = {}, .since = *wish_.since, .until = *wish_.until, .lost = false}, done);
        if (!ranges.empty()) add(instance, std::move(ranges), std::move(archives));
        return {};
    }

    Status plan_gaps(const Instance& instance) {
        auto state = read_checkpoint(paths_, instance);
        if (!state) return fail(state.error());
        if (!*state) return {};
        GapLedger ledger = std::move((*state)->gaps);
        for (const auto& standing : known_) {
            const auto& job = standing.job;
            if (!job.gaps || job.instance != instance || standing.state.is_finished()) continue;
            jobs_.push_back(job); // gone on with; its holes are not planned again
            for (const auto& range : job.ranges) {
                for (const auto& archive : job.archives) {
                    heal_gaps(ledger, {.series = range.series,
                                       .archive = archive,
                                       .since = range.since,
                                       .until = range.until});
                }
            }
        }
        for (auto& holes : holes_of(ledger, wish_, archives_of(instance)))
            add(instance, std::move(holes.ranges), {holes.archives.begin(), holes.archives.end()});
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

std::vector<HolesOf> holes_of(const GapLedger& ledger, const BackfillWish& wish,
                              const std::vector<std::string>& archives) {
    std::map<Key, std::map<std::string, std::vector<BackfillRange>>> holes;
    for (const auto& archive : archives) {
        for (const auto& hole : holes_in(ledger, wish, archive))
            holes[{hole.series, hole.lost}][archive].push_back(hole);
    }
    std::vector<HolesOf> all;
    for (auto& [names, ranges] : by_archives(holes))
        all.push_back({names, std::move(ranges)});
    return all;
}

Result<std::vector<BackfillJob>> plan_backfill(const Paths& paths, const Config& config,
                                               const BackfillWish& wish,
                                               const std::vector<BackfillStanding>& known) {
    return Planner(paths, config, wish, known).plan();
}

} // namespace meshprobe
