// meshprobectl apply: makes an edited configuration take effect, if it can be used.
#include "ctl/commands.hpp"
#include "ctl/converge/applied.hpp"
#include "ctl/converge/tidy.hpp"
#include "ctl/output.hpp"
#include "ctl/service_manager.hpp"
#include "lib/config/layers.hpp"
#include "lib/config/load.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>

namespace meshprobe::command {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view target = "meshprobe.target";
constexpr std::string_view refresh = "meshprobe-refresh.service";
constexpr std::string_view converge = "meshprobe-converge.service";
/// Refresh and converge go on by themselves where this is too short.
constexpr Microseconds longest_wait = 3min;

struct Changes {
    std::vector<std::string> started;
    std::vector<std::string> stopped;
};

Result<std::set<std::string>> applied_units(const Paths& paths) {
    const auto applied = read_applied(paths);
    if (!applied) return fail(applied.error());
    return *applied ? (*applied)->units : std::set<std::string>{};
}

/// Starts a oneshot and waits for its end; how that was is its own to tell, in the journal.
Status run_unit(Scope scope, ServiceManager& manager, std::string_view unit) {
    const auto answer = manager.start(unit);
    if (!answer) return fail(answer.error());
    if (*answer != ServiceManager::Answer::queued) {
        return fail(ErrorKind::refused,
                    fmt::format("{0} is masked; \"{1} unmask {0}\" brings it back", unit, systemctl(scope)));
    }
    const auto over = manager.wait_for_jobs(longest_wait);
    if (!over) return fail(over.error());
    if (!*over) {
        return fail(ErrorKind::interrupted, fmt::format("{0} is still at work; follow it with \"{1} {0} -f\"",
                                                        unit, journal_of_unit(scope)));
    }
    if (manager.last_result(unit) == "done") return {};
    return fail(ErrorKind::internal,
                fmt::format("{0} failed; \"{1} {0}\" says why", unit, journal_of_unit(scope)));
}

Result<Changes> apply_to_units(const Paths& paths, ServiceManager& manager, bool has_meshes) {
    const auto before = applied_units(paths);
    if (!before) return fail(before.error());
    // A new mesh brings its hosts at once. One that cannot be had is reported, and no reason to stop here.
    if (has_meshes) {
        if (const auto done = run_unit(paths.scope(), manager, refresh); !done) (void)complain(done.error());
    }
    if (const auto done = run_unit(paths.scope(), manager, converge); !done) return fail(done.error());
    const auto after = applied_units(paths);
    if (!after) return fail(after.error());
    Changes changes;
    std::ranges::set_difference(*after, *before, std::back_inserter(changes.started));
    std::ranges::set_difference(*before, *after, std::back_inserter(changes.stopped));
    return changes;
}

void print(const Changes& changes, bool json) {
    if (json) {
        const nlohmann::ordered_json object{{"started", changes.started}, {"stopped", changes.stopped}};
        print_json(object);
        return;
    }
    for (const auto& unit : changes.started)
        fmt::print("started {}\n", unit);
    for (const auto& unit : changes.stopped)
        fmt::print("stopped {}\n", unit);
    if (changes.started.empty() && changes.stopped.empty()) fmt::print("Applied; no unit came or went.\n");
}

ExitCode keep_only(const Paths& paths, const LoadedConfig& loaded, std::string_view what_next) {
    if (const auto kept = keep_config(paths, loaded); !kept) return complain(kept.error());
    if (const auto kept = keep_hosts(paths); !kept) return complain(kept.error());
    fmt::print(stderr, "{}", what_next);
    return ExitCode::success;
}

ExitCode apply_once(const CommandLine& line) {
    const auto loaded = read_config(line.paths);
    for (const auto& problem : loaded.problems)
        fmt::print(stderr, "{}\n", problem.text());
    if (std::ranges::any_of(loaded.problems,
                            [](const Problem& one) { return one.scope == Problem::Scope::whole; })) {
        fmt::print(stderr, "meshprobectl: nothing is applied; what was in force stays so\n");
        return ExitCode::configuration;
    }
    if (!line.paths.is_real_root())
        return keep_only(line.paths, loaded,
                         "The configuration is good, and kept for the day that it is not.\n");

    auto manager = ServiceManager::connect(line.paths.scope());
    if (!manager) return complain(manager.error());
    const auto state = manager->active_state(target);
    if (!state) return complain(state.error());
    if (*state != "active") {
        return keep_only(
            line.paths, loaded,
            fmt::format("The configuration is good. meshprobe.target is not active; to start everything:\n"
                        "    {} enable --now meshprobe.target\n",
                        systemctl(line.paths.scope())));
    }
    const bool has_meshes = !loaded.config.meshes.empty() || !known_hosts(line.paths).empty();
    const auto changes = apply_to_units(line.paths, *manager, has_meshes);
    if (!changes) return complain(changes.error());
    print(*changes, line.json);
    return ExitCode::success;
}

} // namespace

ExitCode apply(const CommandLine& line) {
    if (!line.arguments.empty()) return complain_about_usage("apply", "apply takes no arguments");
    // Edits that come meanwhile are not seen by meshprobe-apply.path, which waits for us to end.
    while (true) {
        const auto seen = find_layers(line.paths).files;
        const auto code = apply_once(line);
        if (find_layers(line.paths).files == seen) return code;
    }
}

} // namespace meshprobe::command
