#include "archiver/stop.hpp"

#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace meshprobe {

Result<Stop> Stop::on_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask");
    FileDescriptor fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.is_open()) return fail_errno("signalfd");
    return Stop(std::move(fd));
}

// The signal is never read, so a request once made stays.
bool Stop::requested() const {
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    return poll(&poll_fd, 1, 0) > 0;
}

void Stop::wait(Microseconds longest, int fd, bool or_writable, int other_fd) const {
    const auto wait_for = std::max<Microseconds>(longest, Microseconds(0));
    const timespec time{wait_for.count() / 1'000'000, (wait_for.count() % 1'000'000) * 1000};
    const auto events = static_cast<short>(or_writable ? POLLIN | POLLOUT : POLLIN);
    std::array<pollfd, 3> fds{{{fd_.get(), POLLIN, 0}, {fd, events, 0}, {other_fd, POLLIN, 0}}};
    ppoll(fds.data(), fds.size(), &time, nullptr); // negative descriptors are ignored
}

} // namespace meshprobe
