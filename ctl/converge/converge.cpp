#include "ctl/converge/converge.hpp"

#include "ctl/converge/tidy.hpp"
#include "ctl/unit_query.hpp"
#include "lib/config/layers.hpp"
#include "lib/enabled_by_hand.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

namespace meshprobe {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view target = "meshprobe.target";
/// A probe that is told to stop commits first; its unit allows 30 s, then it is killed.
constexpr Microseconds stop_timeout = 90s;
constexpr Microseconds look_again = 1s;

bool is_running(std::string_view state) {
    return state == "active" || state == "activating" || state == "reloading";
}

/// Changes whenever refresh replaces the list of hosts, or somebody edits the configuration.
struct Inputs {
    std::vector<Stamp> configuration;
    ino_t inode = 0;
    std::int64_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const Inputs&) const = default;
};

Inputs inputs(const Paths& paths) {
    Inputs found{.configuration = find_layers(paths).files};
    struct stat info {};
    if (::stat(paths.hosts().c_str(), &info) < 0) return found;
    found.inode = info.st_ino;
    found.seconds = info.st_mtim.tv_sec;
    found.nanoseconds = info.st_mtim.tv_nsec;
    return found;
}

/// Somebody's daemon-reload between the start of the target and us has generated what the start knew nothing
/// of: that is at rest, and was never stopped since. What an administrator stopped meanwhile was.
Status leave_unbegun(Scope scope, std::set<std::string>& begun) {
    auto query = UnitQuery::connect(scope);
    if (!query) return fail(query.error());
    const auto units = query->list({"meshprobe*.timer", "meshprobe*.path", std::string(target)});
    if (!units) return fail(units.error());
    const auto started = units->find(std::string(target));
    if (started == units->end()) return {};
    for (const auto& [name, unit] : *units) {
        if (unit.active != "inactive" || !begun.contains(name)) continue;
        const auto stopped = query->stopped_since_start_of(unit, started->second);
        if (!stopped) return fail(stopped.error().in(name));
        if (!*stopped) begun.erase(name);
    }
    return {};
}

std::string list_some(const std::vector<std::string>& units) {
    constexpr std::size_t most = 5;
    if (units.size() <= most) return fmt::format("{}", fmt::join(units, ", "));
    return fmt::format("{} and {} more", fmt::join(units.begin(), units.begin() + most, ", "),
                       units.size() - most);
}

} // namespace

Result<Situation> look(const Paths& paths) {
    auto planned = plan_units(paths);
    if (!planned) return fail(planned.error());
    auto applied = read_applied(paths);
    if (!applied) return fail(applied.error());
    auto generated = generated_units(paths);
    Situation situation{.wanted = std::move(planned->units),
                        .generated = generated,
                        .begun = std::move(generated.links),
                        .applied = std::move(*applied),
                        .activation = {},
                        .enabled_by_hand = {},
                        .problems = {},
                        .known_hosts = known_hosts(paths)};
    for (const auto& instance : instances_enabled_by_hand(paths))
        situation.enabled_by_hand.insert(instance.timer());
    return situation;
}

Status Converge::run() {
    Inputs seen;
    do {
        seen = inputs(paths_);
        if (auto done = pass(); !done) return done;
        if (auto done = first_runs(); !done) return done;
        // A change that came meanwhile was not seen by the path unit: it waits for us to end. And whoever
        // starts us again meanwhile, after an edit, is told that we run already.
    } while (seen != inputs(paths_));
    return first_error_;
}

Status Converge::pass() {
    auto situation = look(paths_);
    if (!situation) return fail(situation.error());
    keep(*situation);
    const auto state = manager_.active_state(target);
    if (!state) return fail(state.error());
    if (!is_running(*state)) return {}; // once it is started, this is run again
    const auto activation = manager_.invocation(target);
    if (!activation) return fail(activation.error());
    situation->activation = *activation;
    if (!situation->applied || situation->applied->activation != *activation) {
        if (auto left = leave_unbegun(paths_.scope(), situation->begun); !left) return left;
    }
    return act(*situation, difference(*situation));
}

void Converge::note(const Status& status) {
    if (status) return;
    journal_.log(Priority::error, message::converge_failed, status.error().message);
    if (first_error_) first_error_ = status;
}

/// After look(): what is kept here is what the next look compares with.
void Converge::keep(Situation& situation) {
    auto loaded = load_config(paths_);
    if (!loaded) return note(fail(loaded.error()));
    for (const auto& problem : loaded->problems) {
        if (problem.scope != Problem::Scope::warning) situation.problems.insert(problem.text());
    }
    for (const auto& problem : situation.problems) {
        if (situation.applied && situation.applied->problems.contains(problem)) continue; // has been told
        if (loaded->kept) {
            journal_.log(Priority::error, message::configuration_kept,
                         "the last good configuration stays in force: " + problem);
        } else {
            journal_.log(Priority::warning, message::configuration_problem, problem);
        }
    }
    at_a_time_ = std::max(1U, loaded->config.slots);
    note(keep_config(paths_, *loaded));
    note(keep_hosts(paths_));
    note(make_spools(paths_, loaded->config));
}

Status Converge::act(const Situation& situation, const Difference& difference) {
    reload_and_start_target(difference);
    const auto started = start(difference.start);
    const auto stopped =
        stop(difference.stop, situation.applied ? situation.applied->units : std::set<std::string>{});

    // Before the first runs, which take their time: what is applied is applied.
    Applied applied{
        .activation = situation.activation, .units = situation.wanted.links, .problems = situation.problems};
    for (const auto& unit : started.failed)
        applied.units.erase(unit); // tried again next time
    if (situation.applied != applied) note(write_applied(paths_, applied));

    std::vector<Instance> gone;
    for (const auto& unit : stopped.gone) {
        if (auto instance = parse_instance(unit); instance && unit == instance->timer())
            gone.push_back(*instance);
    }
    if (!situation.applied) { // the first run since the boot: what was left before it
        for (const auto& instance : instances_with_state(paths_)) {
            if (!situation.wanted.links.contains(instance.timer()) &&
                !situation.enabled_by_hand.contains(instance.timer())) {
                gone.push_back(instance);
            }
        }
    }
    note(recover_all(paths_, gone));
    forget_failures_of_masked();

    std::ranges::copy_if(difference.first_runs, std::back_inserter(queue_),
                         [&](const std::string& unit) { return !started.failed.contains(unit); });

    if (!started.units.empty() || !stopped.units.empty()) {
        const auto wanted = situation.wanted.links.size();
        auto text = fmt::format("{} units started, {} stopped, {} wanted", started.units.size(),
                                stopped.units.size(), wanted);
        if (!started.units.empty()) text += "; started: " + list_some(started.units);
        if (!stopped.units.empty()) text += "; stopped: " + list_some(stopped.units);
        journal_.log(Priority::notice, message::hosts_applied, text,
                     {{"MESHPROBE_STARTED", std::uint64_t{started.units.size()}},
                      {"MESHPROBE_STOPPED", std::uint64_t{stopped.units.size()}},
                      {"MESHPROBE_WANTED", std::uint64_t{wanted}}});
    }
    return {};
}

/// A timer that is masked while it is active ends as failed, and the system is degraded. To be off is what
/// the administrator wants of it.
void Converge::forget_failures_of_masked() {
    for (const auto& instance : instances_masked(paths_)) {
        const auto state = manager_.active_state(instance.timer());
        if (!state) {
            note(fail(state.error()));
        } else if (*state == "failed") {
            note(manager_.reset_failed(instance.timer()));
        }
    }
}

void Converge::reload_and_start_target(const Difference& difference) {
    if (difference.reload) note(manager_.reload());
    if (!difference.start_target) return;
    if (auto answer = manager_.start(target); !answer) note(fail(answer.error()));
}

Converge::Started Converge::start(const std::vector<std::string>& units) {
    Started result;
    for (const auto& unit : units) {
        const auto answer = manager_.start(unit);
        if (!answer) {
            note(fail(answer.error()));
            result.failed.insert(unit);
        } else if (*answer == ServiceManager::Answer::queued) {
            result.units.push_back(unit);
        }
    }
    return result;
}

/// The trigger first: a path unit starts its service again at once.
Converge::Stopped Converge::stop(const std::vector<std::string>& units,
                                 const std::set<std::string>& applied) {
    Stopped result;
    std::vector<std::string> all;
    for (const auto& unit : units) {
        const auto state = manager_.active_state(unit);
        if (!state) {
            note(fail(state.error()));
            continue;
        }
        const bool ran = *state != "inactive" && *state != "failed";
        // Gone since an earlier run already; its link stays until the next reload.
        if (!ran && !applied.contains(unit)) continue;
        if (ran) result.units.push_back(unit);
        result.gone.push_back(unit);
        for (const auto& each : {unit, triggered_unit(unit)}) {
            if (auto answer = manager_.stop(each); !answer) note(fail(answer.error()));
            all.push_back(each);
        }
    }
    // What is stopped still commits what it has; only then are its files at rest.
    const auto ended = manager_.wait_for_jobs(stop_timeout);
    if (!ended) note(fail(ended.error()));
    for (const auto& unit : all)
        note(manager_.reset_failed(unit));
    return result;
}

Status Converge::first_runs() {
    const auto before = inputs(paths_);
    while (!queue_.empty() || manager_.jobs() > 0) {
        while (!queue_.empty() && manager_.jobs() < at_a_time_) {
            const auto timer = std::move(queue_.front());
            queue_.pop_front();
            // Masked, stopped or removed meanwhile: then its service is not to run either.
            const auto state = manager_.active_state(timer);
            if (!state) return fail(state.error());
            if (!is_running(*state)) continue;
            if (auto answer = manager_.start(triggered_unit(timer)); !answer) note(fail(answer.error()));
        }
        if (manager_.jobs() == 0) continue;
        if (auto waited = manager_.wait(look_again); !waited) return waited;
        if (before != inputs(paths_)) return {};
    }
    return {};
}

} // namespace meshprobe
