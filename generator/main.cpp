// meshprobe-generator: configuration and hosts become units. Run by systemd at boot and at every
// daemon-reload, before anything else; by hand with --root, or with --dry-run to see what it would write.
#include "generator/emit.hpp"
#include "generator/input.hpp"
#include "lib/command_line.hpp"
#include "lib/exit_code.hpp"
#include "lib/journal.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

namespace {

using namespace meshprobe;
namespace fs = std::filesystem;

constexpr std::array options{
    Option{"dry-run", "", "print what would be written, as JSON with --json"},
};

std::string environment(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? "" : value;
}

/// Then nobody reads standard error, and the journal may not be asked: the kernel log it is.
bool is_run_by_systemd() {
    return environment("SYSTEMD_EXEC_PID") == std::to_string(::getpid());
}

int generate(const CommandLine& line) {
    const bool dry_run = line.has("dry-run");
    const Journal journal("meshprobe-generator",
                          is_run_by_systemd() ? Journal::Sink::kernel_log : Journal::Sink::standard_error);
    const auto input = read_input(line.paths);
    if (!input) {
        journal.log(Priority::error, message::configuration_problem,
                    input.error().message +
                        "; no other was kept, so there are no units: run \"meshprobectl check\"");
        return to_int(exit_code(input.error().kind));
    }
    for (const auto& remark : input->remarks)
        journal.log(Priority::warning, remark.id, remark.text);

    const auto plan = make_plan(input->config, input->facts);
    for (const auto& refused : plan.refused)
        journal.log(Priority::warning, message::mesh_entry_refused, refused);
    if (dry_run) {
        fmt::print("{}", line.json ? plan_json(plan) : plan_text(plan));
    } else if (const auto written = emit(plan, line.arguments.front()); !written) {
        journal.log(Priority::error, written.error().message);
        return to_int(exit_code(written.error().kind));
    }
    return to_int(input->remarks.empty() && plan.refused.empty() ? ExitCode::success : ExitCode::failure);
}

int run(std::span<const char* const> argv) {
    auto line = parse_command_line(argv, options);
    if (!line) {
        fmt::print(stderr, "meshprobe-generator: {}\n", line.error().message);
        return to_int(ExitCode::usage);
    }
    if (line->version) {
        fmt::print("{}", version_text("meshprobe-generator"));
        return to_int(ExitCode::success);
    }
    if (line->help) {
        fmt::print(
            "{}",
            help_text("meshprobe-generator [OPTIONS] NORMAL [EARLY LATE]",
                      "Makes units of meshprobe's configuration and hosts. Everything is written to NORMAL.",
                      options));
        return to_int(ExitCode::success);
    }
    const auto count = line->arguments.size();
    if (line->has("dry-run") ? count != 0 : count != 1 && count != 3) {
        fmt::print(
            stderr,
            "meshprobe-generator: expected NORMAL or NORMAL EARLY LATE, or --dry-run alone; see --help\n");
        return to_int(ExitCode::usage);
    }
    // Nothing of ours runs before the real root is there.
    if (is_run_by_systemd() && environment("SYSTEMD_IN_INITRD") == "1") return to_int(ExitCode::success);
    const bool is_user = environment("SYSTEMD_SCOPE") == "user";
    if (is_run_by_systemd() && is_user) line->paths = Paths::of_user();
    // Of most users nothing is to be collected.
    std::error_code error;
    if (line->paths.scope() == Scope::user && !fs::exists(line->paths.configuration_directory(), error))
        return to_int(ExitCode::success);
    return generate(*line);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv, static_cast<std::size_t>(argc)});
    } catch (const std::exception& error) { // out of memory, or a bug
        fmt::print(stderr, "meshprobe-generator: {}\n", error.what());
        return to_int(ExitCode::failure);
    }
}
