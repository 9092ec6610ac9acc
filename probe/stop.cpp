#include "probe/stop.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace meshprobe {

Result<Stop> Stop::on_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) return fail_errno("block signals");
    FileDescriptor signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.is_open()) return fail_errno("signalfd");
    return Stop(std::move(signals));
}

bool Stop::is_signalled() {
    signalfd_siginfo info{};
    if (!signalled_ && ::read(signals_.get(), &info, sizeof info) == sizeof info) signalled_ = true;
    return signalled_;
}

} // namespace meshprobe
