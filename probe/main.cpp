// meshprobe-probe: one run of one task for one host. See meshprobe-probe(8).
#include "lib/command_line.hpp"
#include "lib/privilege.hpp"
#include "probe/backfill/backfill.hpp"
#include "probe/run.hpp"
#include "probe/service.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <exception>
#include <optional>

using namespace meshprobe;

namespace {

constexpr std::string_view program = "meshprobe-probe";
constexpr std::string_view usage = "meshprobe-probe [--root DIR] [INSTANCE | --backfill ID]";
constexpr std::array options{
    Option{"backfill", "ID", "go on with this back-fill; \"meshprobectl backfill\" makes and starts them"}};
constexpr std::string_view purpose =
    "Fetches what is new at one measurement host into the spools. INSTANCE is HOST, meshprobe@HOST or "
    "meshprobe-TASK@HOST; without it, that of the service it runs in.";

int complain(const Error& error) {
    fmt::print(stderr, "{}: {}\n", program, error.message);
    return to_int(exit_code(error.kind));
}

/// What to do, as the command line says it, or the service that this process is in.
struct Work {
    Instance instance;
    std::optional<BackfillJob> job;
};

Result<Work> read_job(const CommandLine& line, std::string_view id) {
    auto job = BackfillStore(line.paths).read(std::string(id));
    if (!job) return fail(job.error());
    if (!*job) return fail(ErrorKind::usage, fmt::format("there is no back-fill \"{}\"", id));
    return Work{(*job)->instance, std::move(*job)};
}

Result<Work> read_work(const CommandLine& line) {
    const auto id = line.value("backfill");
    if (line.arguments.size() > 1 || (id && !line.arguments.empty()))
        return fail(ErrorKind::usage, fmt::format("expected one INSTANCE; usage: {}", usage));
    if (id) return read_job(line, *id);
    std::string name;
    if (!line.arguments.empty()) {
        name = line.arguments.front();
    } else {
        auto unit = service_of_this_process();
        if (!unit) return fail(unit.error());
        if (const auto job = backfill_of_unit(*unit); !job.empty()) return read_job(line, job);
        name = std::move(*unit);
    }
    auto instance = parse_instance(name);
    if (!instance) return fail(ErrorKind::usage, instance.error().message);
    return Work{std::move(*instance), std::nullopt};
}

int run(std::span<const char* const> argv) {
    const auto line = parse_command_line(argv, options);
    if (!line) return complain(line.error());
    if (line->help) return fmt::print("{}", help_text(usage, purpose, options)), 0;
    if (line->version) return fmt::print("{}", version_text(program)), 0;
    const auto work = read_work(*line);
    if (!work) return complain(work.error());
    const Instance& instance = work->instance;
    // The unit adds MESHPROBE_INSTANCE to every entry (LogExtraFields=); units of a user cannot.
    Fields fields{{"MESHPROBE_HOST", instance.host}, {"MESHPROBE_TASK", instance.task}};
    if (line->paths.scope() == Scope::user) fields.emplace_back("MESHPROBE_INSTANCE", instance.name());
    const Journal journal(program, std::move(fields));
    // One run by hand as root must not leave files that the service cannot write.
    if (line->paths.has_owners()) {
        if (auto dropped = become_owner_of(line->paths.checkpoints()); !dropped) {
            return complain(dropped.error().in(
                "state of the probes (made by \"systemd-tmpfiles --create meshprobe.conf\")"));
        }
    }
    auto stop = Stop::on_signals();
    if (!stop) return complain(stop.error());
    if (work->job) return to_int(run_backfill(line->paths, *work->job, *stop, journal));
    return to_int(run_probe(line->paths, instance, *stop, journal));
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv, static_cast<std::size_t>(argc)});
    } catch (const std::exception& error) { // out of memory, or a bug
        fmt::print(stderr, "{}: {}\n", program, error.what());
        return to_int(ExitCode::failure);
    }
}
