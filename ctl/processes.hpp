// Other programs of ours as child processes: a bounded number at a time, signals passed on, all of them
// waited for.
#pragma once

#include "lib/error.hpp"
#include "lib/exit_code.hpp"

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// Beside this program, else in $PATH.
[[nodiscard]] Result<std::string> find_program(std::string_view name);

struct Process {
    std::string program; ///< absolute path
    std::vector<std::string> arguments;
    /// With what it returned, or 128 + the signal that ended it.
    std::function<void(int status)> on_exit;
};

/// SIGINT and SIGTERM reach the children as well; nothing is started any more then, and run() returns once
/// all have ended. Standard output of the children goes to standard error: ours carries the answer alone.
class ProcessPool {
  public:
    explicit ProcessPool(std::size_t at_once);
    ProcessPool(const ProcessPool&) = delete;
    ProcessPool& operator=(const ProcessPool&) = delete;
    ~ProcessPool();

    void add(Process process) { waiting_.push_back(std::move(process)); }
    /// `internal` if a program cannot be started, `interrupted` after a signal.
    /// `tick` is called twice a second, and after each end.
    [[nodiscard]] Status run(const std::function<void()>& tick = {});

  private:
    Status start(Process process);
    void reap();
    void pass_on(int signal) const;

    std::size_t at_once_;
    std::deque<Process> waiting_;
    std::map<pid_t, Process> running_;
    sigset_t watched_{};
    sigset_t mask_before_{};
    bool interrupted_ = false;
};

} // namespace meshprobe
