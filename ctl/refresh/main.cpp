// meshprobe-refresh: fetches the meshes and writes the list of hosts.
#include "ctl/refresh/refresh.hpp"
#include "lib/command_line.hpp"
#include "lib/privilege.hpp"

#include <fmt/core.h>

#include <atomic>
#include <csignal>
#include <exception>

namespace {

using namespace meshprobe;

std::atomic<bool> stop_requested{false}; // what a signal handler may touch
static_assert(std::atomic<bool>::is_always_lock_free);

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_requested = true; };
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
}

ExitCode run(std::span<const char* const> argv) {
    const auto line = parse_command_line(argv, {});
    if (!line || (!line->arguments.empty() && !line->help && !line->version)) {
        fmt::print(stderr, "meshprobe-refresh: {}\n",
                   line ? "it takes no arguments; see --help" : line.error().message);
        return ExitCode::usage;
    }
    if (line->version || line->help) {
        fmt::print("{}", line->version ? version_text("meshprobe-refresh")
                                       : help_text("meshprobe-refresh [--root DIR]",
                                                   "Fetches the meshes and writes the list of hosts.", {}));
        return ExitCode::success;
    }
    const Journal journal("meshprobe-refresh");
    if (line->paths.has_owners()) {
        if (const auto became = become_owner_of(line->paths.mesh()); !became) {
            journal.log(Priority::error, message::mesh_failed, became.error().message);
            return exit_code(became.error().kind);
        }
    }
    stop_on_signals();
    const auto code = refresh_meshes(line->paths, journal, [] { return stop_requested.load(); });
    if (code) return *code;
    journal.log(Priority::error, message::mesh_failed, code.error().message);
    return exit_code(code.error().kind);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return to_int(run({argv, static_cast<std::size_t>(argc)}));
    } catch (const std::exception& exception) {
        fmt::print(stderr, "meshprobe-refresh: {}\n", exception.what());
        return to_int(ExitCode::failure);
    }
}
