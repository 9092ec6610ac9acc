#include "ctl/processes.hpp"

#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace meshprobe {

namespace {

class SpawnSettings {
  public:
    explicit SpawnSettings(const sigset_t& mask) {
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawn_file_actions_init(&actions_);
        // What is blocked here must not be blocked there.
        ::posix_spawnattr_setsigmask(&attributes_, &mask);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
        ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }

    [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }
    [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }

  private:
    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t actions_{};
};

} // namespace

Result<std::string> find_program(std::string_view name) {
    std::vector<std::filesystem::path> places;
    std::error_code error;
    if (const auto self = std::filesystem::read_symlink("/proc/self/exe", error); !error)
        places.push_back(self.parent_path());
    if (const char* path = ::getenv("PATH"); path != nullptr) {
        for (std::string_view rest = path; !rest.empty();) {
            const auto colon = rest.find(':');
            if (colon != 0) places.emplace_back(rest.substr(0, colon));
            rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
        }
    }
    for (const auto& place : places) {
        const auto program = place / name;
        if (std::filesystem::is_regular_file(program, error) && ::access(program.c_str(), X_OK) == 0)
            return program.string();
    }
    return fail(
        ErrorKind::internal,
        fmt::format("{} is neither beside meshprobectl nor in PATH; is meshprobe installed completely?",
                    name));
}

ProcessPool::ProcessPool(std::size_t at_once) : at_once_(at_once) {
    ::sigemptyset(&watched_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM})
        ::sigaddset(&watched_, signal);
    ::sigprocmask(SIG_BLOCK, &watched_, &mask_before_);
}

ProcessPool::~ProcessPool() {
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

Status ProcessPool::run(const std::function<void()>& tick) {
    Status status;
    while (true) {
        while (status && !interrupted_ && !waiting_.empty() && running_.size() < at_once_) {
            status = start(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        if (running_.empty()) break;
        siginfo_t info{};
        constexpr timespec half_a_second{0, 500'000'000};
        const int signal =
            tick ? ::sigtimedwait(&watched_, &info, &half_a_second) : ::sigwaitinfo(&watched_, &info);
        if (signal == SIGCHLD) {
            reap();
        } else if (signal > 0) {
            interrupted_ = true;
            // Ctrl-C reaches the whole foreground group from the terminal: once is enough.
            if (info.si_code != SI_KERNEL) pass_on(signal);
        }
        if (tick) tick();
    }
    if (!status) return status;
    if (interrupted_) return fail(ErrorKind::interrupted, "interrupted; what was under way has ended");
    return {};
}

Status ProcessPool::start(Process process) {
    std::vector<char*> argv{process.program.data()};
    for (std::string& argument : process.arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    const SpawnSettings settings(mask_before_);
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, process.program.c_str(), settings.actions(), settings.attributes(),
                                    argv.data(), environ);
    if (error != 0) {
        const std::error_code code(error, std::generic_category());
        return fail(ErrorKind::internal, fmt::format("start {}: {}", process.program, code.message()));
    }
    running_.emplace(pid, std::move(process));
    return {};
}

/// One SIGCHLD may stand for several children. Only our own are waited for.
void ProcessPool::reap() {
    std::vector<std::pair<Process, int>> ended;
    std::erase_if(running_, [&](auto& entry) {
        int status = 0;
        if (::waitpid(entry.first, &status, WNOHANG) != entry.first) return false;
        ended.emplace_back(std::move(entry.second),
                           WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        return true;
    });
    for (auto& [process, status] : ended) {
        if (process.on_exit) process.on_exit(status);
    }
}

void ProcessPool::pass_on(int signal) const {
    for (const auto& [pid, process] : running_)
        ::kill(pid, signal);
}

} // namespace meshprobe
