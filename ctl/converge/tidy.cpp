#include "ctl/converge/tidy.hpp"

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/exit_code.hpp"
#include "lib/file.hpp"
#include "lib/host_facts.hpp"
#include "lib/host_list.hpp"
#include "lib/privilege.hpp"
#include "lib/spool/spool.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace meshprobe {

namespace {

namespace fs = std::filesystem;

/// For the recovery of all instances; it waits for the locks of probes that are just ending.
constexpr unsigned recovery_seconds = 120;

fs::path kept_hosts(const Paths& paths) {
    return paths.plan() / "hosts";
}

Result<struct stat> status_of(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) < 0) return fail_errno("stat " + path.string());
    return info;
}

Status give_to(const fs::path& directory, uid_t user, gid_t group) {
    if (::chown(directory.c_str(), user, group) < 0) return fail_errno("chown " + directory.string());
    return {};
}

Status make_spool(const Paths& paths, const std::string& archive) {
    const Spool spool(paths, archive);
    // Its owner keeps everybody else out, root without capabilities too; and it is complete once it has
    // another owner.
    const auto existing = status_of(paths.spool(archive));
    if (paths.has_owners() && existing && existing->st_uid != 0) return {};
    if (auto made = spool.create(); !made || !paths.has_owners()) return made;
    const auto archivers = status_of(paths.local_archive());
    if (!archivers) return fail(archivers.error());
    const auto probes = status_of(paths.checkpoints());
    if (!probes) return fail(probes.error());
    // The inner ones first: afterwards the outer one is somebody else's.
    for (const auto& directory : {spool.queue(), spool.failed(), paths.spool(archive)}) {
        if (auto given = give_to(directory, archivers->st_uid, probes->st_gid); !given) return given;
    }
    return {};
}

} // namespace

std::set<std::string> known_hosts(const Paths& paths) {
    const auto list = read_host_list(kept_hosts(paths));
    if (!list || !*list) return {};
    return {(*list)->hosts.begin(), (*list)->hosts.end()};
}

namespace {

Status keep(const std::filesystem::path& file, const std::string& text) {
    const auto kept = read_file_if_exists(file, text.size() + 1, Links::refuse);
    if (kept && *kept == text) return {};
    return write_file_durably(file, text);
}

} // namespace

Status keep_hosts(const Paths& paths) {
    const auto list = read_host_list(paths);
    if (!list) return fail(list.error());
    if (!*list) return {};
    if (!(*list)->refused.empty()) {
        return fail(
            ErrorKind::storage,
            fmt::format("{}: {} lines are left out, the first is {}; run \"{} start meshprobe-refresh\"",
                        paths.hosts().string(), (*list)->refused.size(), (*list)->refused.front(),
                        systemctl(paths.scope())));
    }
    if (auto kept = keep(kept_hosts(paths), format_host_list((*list)->hosts)); !kept) return kept;
    const auto facts = read_host_facts(paths);
    if (!facts) return fail(facts.error());
    if (!*facts || !(*facts)->refused.empty()) return {}; // the generator says so
    return keep(paths.plan() / "facts", format_host_facts((*facts)->hosts));
}

Status make_own_directories(const Paths& paths) {
    if (paths.has_owners()) return {};
    for (const auto& directory : {paths.plan(), paths.mesh(), paths.checkpoints(), paths.run()}) {
        if (auto made = make_directories(directory); !made) return made;
    }
    return {};
}

Status make_spools(const Paths& paths, const Config& config) {
    Status first;
    for (const auto& [name, archive] : config.archives) {
        if (!archive.enabled) continue;
        if (auto made = make_spool(paths, name); !made && first) first = std::move(made);
    }
    return first;
}

std::vector<Instance> instances_with_state(const Paths& paths) {
    std::vector<Instance> instances;
    std::error_code error; // no directory, no state
    for (fs::directory_iterator entry(paths.checkpoints(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != ".lock") continue; // the first file that a probe makes
        auto instance = parse_instance(entry->path().stem().string());
        if (instance && instance->name() == entry->path().stem()) instances.push_back(std::move(*instance));
    }
    std::ranges::sort(instances);
    return instances;
}

Status recover_all(const Paths& paths, const std::vector<Instance>& instances) {
    if (instances.empty()) return {};
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) return fail_errno("fork");
    if (child == 0) {
        ::alarm(recovery_seconds);
        Status result = paths.has_owners() ? become_owner_of(paths.checkpoints()) : Status{};
        for (const auto& instance : instances) {
            if (!result) break;
            if (auto recovered = recover(paths, instance); !recovered) {
                fmt::print(stderr, "{}: {}\n", instance.name(), recovered.error().message);
            }
        }
        if (!result) fmt::print(stderr, "{}\n", result.error().message);
        std::fflush(nullptr);
        ::_exit(to_int(result ? ExitCode::success : ExitCode::failure));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return fail_errno("wait for the recovery");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail(
        ErrorKind::internal,
        fmt::format(
            "the recovery of {} removed instances did not end well; it is tried again after the next boot",
            instances.size()));
}

} // namespace meshprobe
