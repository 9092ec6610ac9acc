// meshprobectl once: refresh, generator, probes, archivers, as child processes; for cron, containers and
// tests.
#include "ctl/once.hpp"

#include "ctl/commands.hpp"
#include "ctl/converge/tidy.hpp"
#include "ctl/generator_run.hpp"
#include "ctl/output.hpp"
#include "ctl/processes.hpp"
#include "lib/config/load.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/file.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"
#include "lib/last_result.hpp"
#include "lib/mesh/state.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

namespace meshprobe {

namespace {

using nlohmann::ordered_json;

std::string outcome_of(int status) {
    constexpr std::array names{
        std::pair{ExitCode::success, "success"}, std::pair{ExitCode::partial, "partial"},
        std::pair{ExitCode::unreachable, "unreachable"}, std::pair{ExitCode::deferred, "deferred"},
        std::pair{ExitCode::untrusted, "untrusted"}};
    for (const auto& [code, name] : names) {
        if (status == to_int(code)) return name;
    }
    return "failed";
}

class Once {
  public:
    Once(const Paths& paths, std::size_t jobs) : paths_(paths), jobs_(jobs) {}

    Result<Round> run() {
        if (auto done = refresh(); !done) return fail(done.error());
        const auto loaded = load_config(paths_);
        if (!loaded) return fail(loaded.error());
        look_at_meshes(loaded->config);
        if (loaded->kept) round_.broken = whole_problem(*loaded);
        const auto instances = generate();
        if (!instances) return fail(instances.error());
        tidy(*loaded, *instances);
        warn_of_contexts(loaded->config, *instances);
        if (auto done = probe(*instances); !done) return fail(done.error());
        if (auto done = deliver(loaded->config); !done) return fail(done.error());
        return round_;
    }

  private:
    [[nodiscard]] std::vector<std::string> with_root(const std::vector<std::string>& arguments) const {
        auto words = paths_.options();
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
    }

    Status refresh() {
        const auto program = find_program("meshprobe-refresh");
        if (!program) return fail(program.error());
        ProcessPool pool(1);
        pool.add({*program, with_root({}), [this](int status) { round_.refresh = status; }});
        return pool.run();
    }

    /// What refresh left in the states of the meshes: its journal says only what changed.
    void look_at_meshes(const Config& config) {
        for (const auto& [name, mesh] : config.meshes) {
            if (!mesh.enabled) continue;
            const auto state = read_mesh_state(paths_, name);
            if (!state) {
                round_.meshes.push_back({name, "unreadable", state.error().message});
            } else if (*state) {
                round_.meshes.push_back({name, std::string(outcome_name((*state)->outcome)), why(**state)});
            }
        }
    }

    static std::string why(const MeshState& state) {
        if (!state.error.empty() || state.failures.empty()) return state.error;
        return fmt::format("{} failed, first {}", counted(state.failures.size(), "document"),
                           state.failures.front().text());
    }

    static std::string whole_problem(const LoadedConfig& loaded) {
        const auto whole = std::ranges::find(loaded.problems, Problem::Scope::whole, &Problem::scope);
        return whole == loaded.problems.end() ? "it cannot be read" : whole->text();
    }

    /// What the timers would run: the generator's links, those of an administrator, without what is masked.
    /// An entry that the generator leaves out, and says so, is no reason to leave out the others.
    Result<std::set<Instance>> generate() {
        const auto planned = plan_units(paths_);
        if (!planned) return fail(planned.error());
        round_.generator = planned->exit_status;
        fmt::print(stderr, "{}", planned->remarks);
        std::set<Instance> instances;
        for (const std::string& link : planned->units.links) {
            if (!link.ends_with(".timer")) continue;
            if (auto instance = parse_instance(link); instance && instance->timer() == link) {
                instances.insert(std::move(*instance));
            }
        }
        for (Instance& instance : instances_enabled_by_hand(paths_))
            instances.insert(std::move(instance));
        std::erase_if(instances, [this](const Instance& instance) { return is_masked(paths_, instance); });
        return instances;
    }

    /// What converge does where systemd runs: keeps what is good for the day it is broken, and publishes or
    /// deletes what dead probes of vanished hosts left in the spools.
    void tidy(const LoadedConfig& loaded, const std::set<Instance>& instances) {
        if (!loaded.kept) {
            note(make_directories(paths_.plan()));
            note(keep_config(paths_, loaded));
            note(keep_hosts(paths_));
        }
        std::vector<Instance> vanished = instances_with_state(paths_);
        std::erase_if(vanished, [&](const Instance& instance) { return instances.contains(instance); });
        if (!vanished.empty()) note(recover_all(paths_, vanished));
    }

    /// Contexts that only a unit can be in.
    static void warn_of_contexts(const Config& config, const std::set<Instance>& instances) {
        for (const auto& instance : instances) {
            const auto context = config.task(instance.task, instance.host).context;
            if (context.type != ContextType::linuxnns && context.type != ContextType::plugin) continue;
            fmt::print(stderr,
                       "meshprobectl: {}: its context is not entered without systemd; it runs in the network "
                       "of this command\n",
                       instance.name());
        }
    }

    /// None of it keeps the round from going on.
    static void note(const Status& status) {
        if (!status) complain(status.error());
    }

    Status probe(const std::set<Instance>& instances) {
        if (instances.empty()) return {};
        const auto program = find_program("meshprobe-probe");
        if (!program) return fail(program.error());
        ProcessPool pool(jobs_);
        for (const Instance& instance : instances) {
            pool.add({*program, with_root({instance.name()}), [this, instance](int status) {
                          Round::Probe probe{instance.name(), status, outcome_of(status), {}, 0};
                          // A deferred run leaves the result of the one before it.
                          if (const auto last = read_last_result(paths_, instance);
                              last && *last && status != to_int(ExitCode::deferred)) {
                              probe.message = (*last)->message;
                              probe.points = (*last)->points;
                              if (probe.message.empty() && (*last)->catching_up_usec > 0)
                                  probe.message = "more is to be caught up with; the next round goes on";
                          }
                          round_.probes.push_back(std::move(probe));
                      }});
        }
        auto status = pool.run();
        std::ranges::sort(round_.probes, {}, &Round::Probe::instance);
        return status;
    }

    Status deliver(const Config& config) {
        const auto program = find_program("meshprobe-archive");
        if (!program) return fail(program.error());
        ProcessPool pool(std::max<std::size_t>(1, config.archives.size())); // each waits for another place
        for (const auto& [name, archive] : config.archives) {
            if (!archive.enabled) continue;
            pool.add({*program, with_root({name, "--drain"}),
                      [this, name = name, shadow = archive.shadow](int status) {
                          Round::Delivery delivery{name, status, 0, {}, shadow};
                          if (const auto state = read_archiver_state(paths_, name); state && *state) {
                              delivery.points = (*state)->delivered_points;
                              delivery.message = (*state)->message;
                          }
                          round_.deliveries.push_back(std::move(delivery));
                      }});
        }
        auto status = pool.run();
        std::ranges::sort(round_.deliveries, {}, &Round::Delivery::archive);
        return status;
    }

    const Paths& paths_;
    std::size_t jobs_;
    Round round_;
};

std::map<std::string, std::size_t> count_outcomes(const Round& round) {
    std::map<std::string, std::size_t> counts;
    for (const Round::Probe& probe : round.probes)
        ++counts[probe.outcome];
    return counts;
}

std::uint64_t count_points(const Round& round) {
    std::uint64_t points = 0;
    for (const Round::Probe& probe : round.probes)
        points += probe.points;
    return points;
}

void print_meshes(const Round& round) {
    bool is_explained = false;
    for (const Round::Mesh& mesh : round.meshes) {
        if (mesh.outcome == outcome_name(MeshState::Outcome::refreshed)) continue;
        is_explained = true;
        const bool is_partial = mesh.outcome == outcome_name(MeshState::Outcome::partial);
        fmt::print("mesh {}: {}{}\n", mesh.mesh, is_partial ? "partial" : "failed",
                   mesh.message.empty() ? "" : ": " + printable(mesh.message));
    }
    if (round.refresh != 0 && !is_explained) fmt::print("refresh: status {}\n", round.refresh);
}

void print_summary(const Round& round, ExitCode code, bool legend) {
    print_meshes(round);
    if (!round.broken.empty()) {
        fmt::print("the configuration cannot be used; the last good one stays in force: {}\n",
                   printable(round.broken));
    } else if (round.generator != 0) {
        fmt::print("part of the configuration is left out: see \"meshprobectl check\"\n");
    }
    for (const Round::Probe& probe : round.probes) {
        if (probe.status != 0) {
            fmt::print("{}: {}{}\n", probe.instance, probe.outcome,
                       probe.message.empty() ? "" : ": " + printable(probe.message));
        }
    }
    std::string outcomes;
    for (const auto& [outcome, count] : count_outcomes(round))
        outcomes += fmt::format(", {} {}", count, outcome);
    if (legend) {
        fmt::print("{}{}; {}\n", counted(round.probes.size(), "instance"), outcomes,
                   counted(count_points(round), "new point"));
    }
    for (const Round::Delivery& delivery : round.deliveries) {
        const bool left_over = delivery.status == to_int(ExitCode::left_over);
        fmt::print("archive {}: {} {}{}{}\n", delivery.archive, counted(delivery.points, "point"),
                   delivery.shadow ? "noted down in shadow" : "delivered",
                   delivery.status == 0 ? ""
                   : left_over          ? "; something is left in the spool"
                                        : fmt::format("; failed with status {}", delivery.status),
                   delivery.status == 0 || delivery.message.empty() ? ""
                                                                    : ": " + printable(delivery.message));
    }
    if (legend && code != ExitCode::success)
        fmt::print("exit status {}: see \"man 7 meshprobe\"\n", to_int(code));
}

ordered_json round_json(const Round& round, ExitCode code) {
    auto probes = ordered_json::array();
    for (const Round::Probe& probe : round.probes) {
        probes.push_back({{"instance", probe.instance},
                          {"outcome", probe.outcome},
                          {"status", probe.status},
                          {"points", probe.points},
                          {"message", probe.message}});
    }
    auto archives = ordered_json::array();
    for (const Round::Delivery& delivery : round.deliveries) {
        archives.push_back({{"archive", delivery.archive},
                            {"status", delivery.status},
                            {"shadow", delivery.shadow},
                            {"points", delivery.points},
                            {"message", delivery.message}});
    }
    auto meshes = ordered_json::array();
    for (const Round::Mesh& mesh : round.meshes)
        meshes.push_back({{"mesh", mesh.mesh}, {"outcome", mesh.outcome}, {"message", mesh.message}});
    return {{"refresh", round.refresh},
            {"generator", round.generator},
            {"meshes", meshes},
            {"broken-configuration", round.broken},
            {"instances", probes},
            {"outcomes", count_outcomes(round)},
            {"points", count_points(round)},
            {"archives", archives},
            {"exit", to_int(code)}};
}

Result<std::size_t> parse_jobs(const CommandLine& line) {
    constexpr std::size_t default_jobs = 8;
    constexpr std::size_t most_jobs = 1000;
    const std::string text = line.value("jobs").value_or(std::to_string(default_jobs));
    std::size_t jobs = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), jobs);
    if (error != std::errc{} || end != text.data() + text.size() || jobs == 0 || jobs > most_jobs) {
        return fail(ErrorKind::usage,
                    fmt::format("--jobs: expected a number from 1 to {}, got \"{}\"", most_jobs, text));
    }
    return jobs;
}

} // namespace

ExitCode verdict(const Round& round) {
    std::vector<int> all{round.refresh, round.generator};
    for (const Round::Probe& probe : round.probes)
        all.push_back(probe.status);
    for (const Round::Delivery& delivery : round.deliveries)
        all.push_back(delivery.status);
    const auto has = [&](ExitCode code) { return std::ranges::find(all, to_int(code)) != all.end(); };

    for (const ExitCode local : {ExitCode::storage, ExitCode::credentials, ExitCode::configuration}) {
        if (has(local)) return local;
    }
    constexpr std::array news{ExitCode::success,  ExitCode::partial,   ExitCode::unreachable,
                              ExitCode::deferred, ExitCode::untrusted, ExitCode::left_over};
    const bool is_fault = std::ranges::any_of(all, [&](int status) {
        return std::ranges::none_of(news, [&](ExitCode code) { return status == to_int(code); });
    });
    if (is_fault) return ExitCode::failure;
    // An archive that cannot be reached has left something in the spool, whatever it says.
    const bool undelivered =
        std::ranges::any_of(round.deliveries, [](const auto& delivery) { return delivery.status != 0; });
    if (undelivered) return ExitCode::left_over;
    return std::ranges::any_of(all, [](int status) { return status != 0; }) ? ExitCode::partial
                                                                            : ExitCode::success;
}

namespace command {

ExitCode once(const CommandLine& line) {
    if (!line.arguments.empty()) return complain_about_usage("once", "once takes no arguments");
    const auto jobs = parse_jobs(line);
    if (!jobs) return complain_about_usage("once", jobs.error().message);
    const auto round = Once(line.paths, *jobs).run();
    if (!round) return complain(round.error());
    const ExitCode code = verdict(*round);
    if (line.json) {
        print_json(round_json(*round, code));
    } else {
        print_summary(*round, code, !line.has("no-legend"));
    }
    return code;
}

} // namespace command
} // namespace meshprobe
