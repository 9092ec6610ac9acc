#include "lib/termination.hpp"

#include <sys/signalfd.h>

#include <csignal>

namespace meshprobe {

Result<FileDescriptor> termination_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTERM);
    ::sigaddset(&set, SIGINT);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) return fail_errno("block signals");
    FileDescriptor signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.is_open()) return fail_errno("signalfd");
    return signals;
}

} // namespace meshprobe
