#include "ctl/refresh/refresh.hpp"

#include "ctl/refresh/copy.hpp"
#include "ctl/refresh/crawl.hpp"
#include "ctl/refresh/expect.hpp"
#include "ctl/refresh/facts.hpp"
#include "ctl/refresh/guard.hpp"
#include "ctl/refresh/limit_lists.hpp"
#include "ctl/refresh/programs.hpp"
#include "ctl/refresh/publish.hpp"
#include "ctl/refresh/report.hpp"
#include "ctl/refresh/settle.hpp"
#include "lib/config/load.hpp"
#include "lib/mesh/state.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>

namespace meshprobe {

namespace {

constexpr std::size_t meshes_at_once = 4;

struct Task {
    const Mesh* mesh = nullptr;
    MeshCopy last;
    Crawl crawl;
};

/// A dead mesh takes its whole time; the others need not wait for it.
void crawl_all(const Paths& paths, std::vector<Task>& tasks, const std::function<bool()>& stop) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t index = next++; index < tasks.size(); index = next++) {
            Task& task = tasks[index];
            task.crawl = crawl_mesh(paths, *task.mesh, task.last, CrawlBounds{}, stop);
        }
    };
    std::vector<std::jthread> workers;
    for (std::size_t count = 0; count < std::min(meshes_at_once, tasks.size()); ++count)
        workers.emplace_back(work);
    workers.clear(); // joins
}

class Refresh {
  public:
    Refresh(const Paths& paths, const Journal& journal, const std::function<bool()>& stop)
        : paths_(paths), journal_(journal), stop_(stop) {}

    Result<ExitCode> run() {
        auto loaded = load_config(paths_);
        if (!loaded) return fail(loaded.error());
        if (auto made = make_directories(paths_.mesh()); !made) return fail(made.error());
        // One at a time: a second refresh would write the same copies.
        const auto only_one = FileLock::acquire(paths_.mesh() / ".refresh.lock");
        if (!only_one) return fail(only_one.error());

        std::vector<Task> tasks;
        for (const auto& [name, mesh] : loaded->config.meshes) {
            if (!mesh.enabled) continue;
            auto copy = read_mesh_copy(paths_, name);
            if (!copy) return fail(copy.error());
            tasks.push_back({&mesh, std::move(*copy), {}});
        }
        crawl_all(paths_, tasks, stop_);
        if (stop_ && stop_())
            return fail(ErrorKind::interrupted, "the refresh was interrupted; nothing was changed");

        const auto lock = lock_mesh_state(paths_);
        if (!lock) return fail(lock.error());
        for (Task& task : tasks) {
            if (const auto done = conclude(task); !done)
                note_fault(done.error().in("mesh " + task.mesh->name));
        }
        if (auto published = publish(*loaded); !published) return fail(published.error());
        if (const auto lists = refresh_limit_lists(paths_, loaded->config, journal_, stop_); !lists)
            note_fault(lists.error());
        return verdict(tasks.size());
    }

  private:
    Status conclude(Task& task) {
        const auto last = read_mesh_state(paths_, task.mesh->name);
        if (!last) return fail(last.error());
        Settlement settlement = settle(*task.mesh, *last, task.crawl, now_moment(), jq_);
        const bool failed = settlement.failure.has_value();
        if (!failed) {
            if (auto written = write_mesh_copy(paths_, task.mesh->name, task.crawl.documents); !written)
                return written;
            if (auto written = write_mesh_facts(paths_, task.mesh->name, std::move(settlement.facts),
                                                settlement.state.held);
                !written)
                return written;
            if (auto written = write_expected(paths_, task.mesh->name, settlement.expected); !written)
                return written;
        }
        if (auto written = write_mesh_state(paths_, settlement.state, !failed); !written) return written;
        report(journal_, settlement, task.crawl);

        failed_ += failed ? 1 : 0;
        incomplete_ += !failed && !task.crawl.failures.empty() ? 1 : 0;
        if (failed && is_local(settlement.failure->kind)) note_code(exit_code(settlement.failure->kind));
        return {};
    }

    /// The administrator's files are a fault of this machine; what the other side does is news.
    static bool is_local(ErrorKind kind) {
        return kind == ErrorKind::configuration || kind == ErrorKind::credentials ||
               kind == ErrorKind::storage || kind == ErrorKind::internal;
    }

    Status publish(const LoadedConfig& loaded) {
        const auto known = list_mesh_states(paths_);
        if (!known) return fail(known.error());
        const auto published = publish_hosts(paths_, loaded, Dns::ask, stop_);
        if (!published) return fail(published.error());
        std::set<std::string> in_force;
        for (const std::string& mesh : *known) {
            if (loaded.config.meshes.contains(mesh) || is_in_force(loaded, mesh)) {
                in_force.insert(mesh);
                continue;
            }
            if (auto removed = remove_mesh_copy(paths_, mesh); !removed) return removed;
            journal_.log(
                Priority::notice, message::mesh_refreshed,
                fmt::format("mesh {}: no longer configured; hosts that no other mesh names are gone", mesh),
                {{"MESHPROBE_MESH", mesh}});
        }
        if (auto tidied = tidy_expected(paths_, in_force); !tidied) return tidied;
        journal_.log(Priority::debug,
                     fmt::format("{} hosts, {} aliases", published->hosts, published->aliases));
        return {};
    }

    void note_fault(const Error& error) {
        journal_.log(Priority::error, message::mesh_failed, error.message);
        note_code(exit_code(error.kind));
    }

    void note_code(ExitCode code) {
        if (!worst_) worst_ = code;
    }

    [[nodiscard]] ExitCode verdict(std::size_t meshes) const {
        if (worst_) return *worst_;
        if (meshes > 0 && failed_ == meshes) return ExitCode::unreachable;
        return failed_ + incomplete_ > 0 ? ExitCode::partial : ExitCode::success;
    }

    const Paths& paths_;
    const Journal& journal_;
    const std::function<bool()>& stop_;
    JqAnswer jq_ = run_mesh_programs();
    std::size_t failed_ = 0;
    std::size_t incomplete_ = 0;
    std::optional<ExitCode> worst_; ///< a local fault
};

} // namespace

Result<ExitCode> refresh_meshes(const Paths& paths, const Journal& journal,
                                const std::function<bool()>& stop) {
    return Refresh(paths, journal, stop).run();
}

Result<FileLock> lock_mesh_state(const Paths& paths) {
    return FileLock::acquire(paths.mesh() / ".lock");
}

Result<std::vector<std::string>> accept_held_removals(const Paths& paths, const std::string& mesh) {
    const auto loaded = load_config(paths);
    if (!loaded) return fail(loaded.error());
    const auto lock = lock_mesh_state(paths);
    if (!lock) return fail(lock.error());
    auto state = read_mesh_state(paths, mesh);
    if (!state) return fail(state.error());
    if (!*state) {
        return fail(
            ErrorKind::usage,
            fmt::format("mesh \"{}\" was never refreshed; \"meshprobectl mesh list\" shows the meshes",
                        mesh));
    }
    const auto accepted = accept_removals(**state, now_moment());
    if (accepted.empty()) return accepted;
    if (auto written = write_mesh_state(paths, **state, false); !written) return fail(written.error());
    const auto published = publish_hosts(paths, *loaded, Dns::remember, {});
    if (!published) return fail(published.error());
    return accepted;
}

} // namespace meshprobe
