// meshprobe-converge: what runs becomes what is wanted. Started by systemd, as root; by hand it shows what it
// would do.
#include "ctl/converge/converge.hpp"
#include "ctl/converge/tidy.hpp"
#include "lib/command_line.hpp"
#include "lib/exit_code.hpp"
#include "lib/journal.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <exception>

namespace {

using namespace meshprobe;

constexpr std::array options{
    Option{"dry-run", "", "print what would be done; the only thing that --root allows"},
};

void print(const Difference& difference, bool json) {
    if (json) {
        const nlohmann::ordered_json object{{"reload", difference.reload},
                                            {"start-target", difference.start_target},
                                            {"start", difference.start},
                                            {"stop", difference.stop},
                                            {"first-runs", difference.first_runs}};
        fmt::print("{}\n", object.dump(2));
        return;
    }
    if (difference.reload) fmt::print("reload\n");
    if (difference.start_target) fmt::print("start meshprobe.target\n");
    for (const auto& unit : difference.start)
        fmt::print("start {}\n", unit);
    for (const auto& unit : difference.stop)
        fmt::print("stop  {}\n", unit);
    for (const auto& timer : difference.first_runs)
        fmt::print("start {}\n", triggered_unit(timer));
}

/// As if the target had not been started again since converge ran last.
Status dry_run(const CommandLine& line) {
    auto situation = look(line.paths);
    if (!situation) return fail(situation.error());
    if (situation->applied) situation->activation = situation->applied->activation;
    print(difference(*situation), line.json);
    return {};
}

Status converge(const CommandLine& line, const Journal& journal) {
    if (auto made = make_own_directories(line.paths); !made) return made;
    auto manager = ServiceManager::connect(line.paths.scope());
    if (!manager) return fail(manager.error());
    return Converge(line.paths, std::move(*manager), journal).run();
}

int run(std::span<const char* const> argv) {
    const auto line = parse_command_line(argv, options);
    if (!line) {
        fmt::print(stderr, "meshprobe-converge: {}\n", line.error().message);
        return to_int(ExitCode::usage);
    }
    if (line->version) {
        fmt::print("{}", version_text("meshprobe-converge"));
        return to_int(ExitCode::success);
    }
    if (line->help) {
        fmt::print("{}", help_text("meshprobe-converge [OPTIONS]",
                                   "Starts the units of new hosts and archives, stops those of removed ones.",
                                   options));
        return to_int(ExitCode::success);
    }
    if (!line->arguments.empty()) {
        fmt::print(stderr, "meshprobe-converge: takes no arguments; see --help\n");
        return to_int(ExitCode::usage);
    }
    const Journal journal("meshprobe-converge");
    const bool dry = line->has("dry-run") || !line->paths.is_real_root();
    const auto done = dry ? dry_run(*line) : converge(*line, journal);
    if (done) return to_int(ExitCode::success);
    journal.log(Priority::error, message::converge_failed, done.error().message);
    return to_int(exit_code(done.error().kind));
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv, static_cast<std::size_t>(argc)});
    } catch (const std::exception& error) { // out of memory, or a bug
        fmt::print(stderr, "meshprobe-converge: unexpected: {}\n", error.what());
        return to_int(ExitCode::failure);
    }
}
