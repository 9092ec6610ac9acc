#include "probe/stop.hpp"

#include "lib/termination.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

namespace meshprobe {

Result<Stop> Stop::on_signals() {
    auto signals = termination_signals();
    if (!signals) return fail(signals.error());
    return Stop(std::move(*signals));
}

bool Stop::is_signalled() {
    signalfd_siginfo info{};
    if (!signalled_ && ::read(signals_.get(), &info, sizeof info) == sizeof info) signalled_ = true;
    return signalled_;
}

} // namespace meshprobe
