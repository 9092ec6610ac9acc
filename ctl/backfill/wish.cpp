#include "ctl/backfill/wish.hpp"

#include "ctl/host_argument.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/clock.hpp"
#include "lib/config/selection.hpp"
#include "lib/host_list.hpp"
#include "lib/host_name.hpp"
#include "lib/moment.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace meshprobe {

namespace {

/// Of an option that may be given several times, or once with commas; sorted, each once.
std::vector<std::string> values(const CommandLine& line, std::string_view option) {
    std::set<std::string> values;
    for (const auto& [name, value] : line.given) {
        if (name != option) continue;
        for (std::string_view rest = value;;) {
            const auto comma = rest.find(',');
            if (comma != 0 && !rest.empty()) values.emplace(rest.substr(0, comma));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return {values.begin(), values.end()};
}

Result<std::optional<Timestamp>> moment(const CommandLine& line, std::string_view option, Timestamp now,
                                        RangeEdge edge) {
    const auto text = line.value(option);
    if (!text) return std::optional<Timestamp>{};
    const auto moment = parse_moment(*text, now, edge);
    if (!moment) return fail(moment.error().in(fmt::format("--{}", option)));
    return std::optional(*moment);
}

bool is_event_type(const std::string& text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

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
        const BackfillRange hole{.series = gap.series,
                                 .since = std::max(gap.since, wish.since.value_or(0)),
                                 .until = std::min(gap.until, wish.until.value_or(latest_timestamp)),
                                 .lost = was_lost(gap)};
        const bool is_wanted = wish.event_types.empty() || gap.series.empty() ||
                               contains(wish.event_types, type_of(gap.series));
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
            const std::vector<BackfillJob>& taken)
        : paths_(paths), config_(config), wish_(wish), taken_(taken), selection_(paths) {}

    Result<std::vector<BackfillJob>> plan() {
        for (const auto& archive : wish_.archives) {
            const auto known = config_.archives.find(archive);
            if (known == config_.archives.end() || !known->second.enabled)
                return fail(ErrorKind::usage, fmt::format("--archive: there is no enabled archive \"{}\"", archive));
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

    Result<std::set<Instance>> find_instances() {
        const auto known = every_host(paths_);
        if (!known) return fail(known.error());
        std::set<std::string> hosts;
        if (wish_.hosts.empty()) hosts = *known;
        for (const auto& argument : wish_.hosts) {
            const auto before = hosts.size();
            for (const auto& host : *known) {
                if (names_host(argument, host)) hosts.insert(host);
            }
            if (hosts.size() > before || std::ranges::any_of(hosts, [&](const auto& host) {
                    return names_host(argument, host);
                }))
                continue;
            // A host need not be collected to be asked for its past; but one that is mistyped should not be.
            const auto name = parse_host_name(argument);
            if (!name) return fail(ErrorKind::usage, no_such_host(argument, *known));
            fmt::print(stderr, "meshprobectl: no mesh names {}, and it was never collected; it is asked all the same\n",
                       name->text());
            hosts.insert(name->text());
        }
        std::set<Instance> instances;
        for (const auto& host : hosts) {
            const auto record = read_host_record(paths_, host);
            const bool is_alias = record && *record && !(*record)->alias_of.empty();
            if (is_alias && wish_.hosts.empty()) continue; // the other name is among them
            for (const auto& [task, settings] : config_.tasks) {
                if (is_task_for(task, host)) instances.insert({task, host});
            }
        }
        if (instances.empty() && !wish_.hosts.empty())
            return fail(ErrorKind::configuration, fmt::format("no task is for {}: all are switched off or select "
                                                              "other hosts; see 'meshprobectl config HOST'",
                                                              fmt::join(wish_.hosts, ", ")));
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
        jobs_.push_back({.id = backfill_id(instance, fmt::format("{}\narchives {}", wish_.words,
                                                                 fmt::join(archives, " "))),
                         .instance = instance,
                         .ranges = std::move(ranges),
                         .gaps = wish_.gaps,
                         .again = wish_.again,
                         .event_types = wish_.event_types,
                         .archives = std::move(archives),
                         .made_usec = now_usec()});
    }

    Status plan_range(const Instance& instance) {
        auto archives = archives_of(instance);
        if (archives.empty())
            return fail(ErrorKind::configuration, fmt::format("{}: its task has no archive that is enabled", instance.name()));
        add(instance, {{.series = {}, .since = *wish_.since, .until = *wish_.until}}, std::move(archives));
        return {};
    }

    Status plan_gaps(const Instance& instance) {
        auto state = read_checkpoint(paths_, instance);
        if (!state) return fail(state.error());
        if (!*state) return {};
        GapLedger ledger = std::move((*state)->gaps);
        for (const auto& job : taken_) {
            if (!job.gaps || job.instance != instance) continue;
            for (const auto& range : job.ranges) {
                for (const auto& archive : job.archives)
                    heal_gaps(ledger, {.series = range.series,
                                       .archive = archive,
                                       .since = range.since,
                                       .until = range.until});
            }
        }
        for (auto& holes : holes_of(ledger, wish_, archives_of(instance)))
            add(instance, std::move(holes.ranges), {holes.archives.begin(), holes.archives.end()});
        return {};
    }

    const Paths& paths_;
    const Config& config_;
    const BackfillWish& wish_;
    const std::vector<BackfillJob>& taken_;
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

Result<BackfillWish> read_wish(const CommandLine& line, Timestamp now) {
    BackfillWish wish{.hosts = line.arguments,
                      .task = line.value("task"),
                      .since = {},
                      .until = {},
                      .words = {},
                      .gaps = line.has("gaps"),
                      .again = line.has("again"),
                      .event_types = values(line, "event-type"),
                      .archives = values(line, "archive")};
    if (wish.hosts.empty() != line.has("all"))
        return fail(ErrorKind::usage, "say for which hosts, or --all");
    for (const auto& type : wish.event_types) {
        if (!is_event_type(type))
            return fail(ErrorKind::usage, fmt::format("--event-type: \"{}\" is none", type.substr(0, 100)));
    }
    const auto since = moment(line, "since", now, RangeEdge::begin);
    if (!since) return fail(since.error());
    const auto until = moment(line, "until", now, RangeEdge::end);
    if (!until) return fail(until.error());
    wish.since = *since;
    wish.until = *until;
    if (!wish.gaps && !wish.since)
        return fail(ErrorKind::usage, "say from when on: --since TIME; or --gaps, for what is recorded as missing");
    if (!wish.gaps && !wish.until) wish.until = now;
    if (wish.since && wish.until && *wish.since >= *wish.until) {
        return fail(ErrorKind::usage, fmt::format("--since ({}) is not before --until ({})",
                                                  format_utc(*wish.since), format_utc(*wish.until)));
    }
    wish.words = fmt::format("since {}\nuntil {}\n{}{}event types {}", line.value("since").value_or(""),
                             line.value("until").value_or(""), wish.gaps ? "gaps\n" : "",
                             wish.again ? "again\n" : "", fmt::join(wish.event_types, " "));
    return wish;
}

Result<std::vector<BackfillJob>> plan_backfill(const Paths& paths, const Config& config,
                                               const BackfillWish& wish,
                                               const std::vector<BackfillJob>& taken) {
    return Planner(paths, config, wish, taken).plan();
}

} // namespace meshprobe
