#include "ctl/backfill/run.hpp"

#include "ctl/processes.hpp"
#include "ctl/service_manager.hpp"
#include "ctl/transient_service.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>

namespace meshprobe {

namespace {

constexpr Microseconds tick_length = std::chrono::milliseconds(500);

std::vector<std::string> arguments_for(const Paths& paths, const BackfillJob& job) {
    auto words = paths.options();
    words.insert(words.end(), {"--backfill", job.id});
    return words;
}

Status run_services(const Paths& paths, const std::string& program, const std::vector<BackfillJob>& jobs,
                    std::size_t at_once, const std::function<void()>& tick) {
    auto manager = ServiceManager::connect(paths.scope());
    if (!manager) return fail(manager.error());
    const BackfillStore store(paths);
    std::set<std::string> foreign; // started by somebody else, and running
    auto next = jobs.begin();
    Status first_error;
    while (next != jobs.end() || manager->jobs() > 0 || !foreign.empty()) {
        std::erase_if(foreign, [&store](const std::string& id) { return !store.is_running(id); });
        while (next != jobs.end() && manager->jobs() + foreign.size() < at_once) {
            std::vector<std::string> command{program};
            // The same place as ours, so it need not be told.
            if (paths.scope() == Scope::user) command.emplace_back("--user");
            command.insert(command.end(), {"--backfill", next->id});
            const auto started = manager->start_transient(
                {.unit = backfill_unit(next->id),
                 .description = fmt::format("Back-fill of perfSONAR results of {}", next->instance.host),
                 .like = next->instance.service(),
                 .command = std::move(command)});
            if (!started && first_error) first_error = fail(started.error());
            if (started && *started == ServiceManager::Answer::running) foreign.insert(next->id);
            ++next;
        }
        if (auto waited = manager->wait(tick_length); !waited) return waited;
        tick();
    }
    return first_error;
}

/// Ours that run still are the children of another command.
void wait_for_others(const BackfillStore& store, const std::vector<BackfillJob>& jobs,
                     const std::function<void()>& tick) {
    const auto is_running = [&store](const BackfillJob& job) { return store.is_running(job.id); };
    while (std::ranges::any_of(jobs, is_running)) {
        std::this_thread::sleep_for(tick_length);
        tick();
    }
}

} // namespace

bool runs_as_services(const Paths& paths) {
    std::error_code error;
    return paths.is_real_root() &&
           std::filesystem::exists(Paths::runtime_directory(paths.scope()) / "systemd/private", error);
}

Status run_backfills(const Paths& paths, const std::vector<BackfillJob>& jobs, std::size_t at_once,
                     const std::function<void()>& tick) {
    const auto program = find_program("meshprobe-probe");
    if (!program) return fail(program.error());
    if (runs_as_services(paths)) return run_services(paths, *program, jobs, at_once, tick);
    {
        ProcessPool pool(at_once);
        for (const auto& job : jobs)
            pool.add({*program, arguments_for(paths, job), {}});
        if (auto ran = pool.run(tick); !ran) return ran;
    }
    wait_for_others(BackfillStore(paths), jobs, tick);
    return {};
}

} // namespace meshprobe
