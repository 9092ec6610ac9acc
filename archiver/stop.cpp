#include "archiver/stop.hpp"

#include "lib/termination.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace meshprobe {

Result<Stop> Stop::on_signals() {
    auto signals = termination_signals();
    if (!signals) return fail(signals.error());
    return Stop(std::move(*signals));
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
