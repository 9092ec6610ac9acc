// SIGTERM and SIGINT as something that can be polled. The signals stay blocked: no handler, no interrupted
// library call, and whoever waits long waits for this descriptor too.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/units_of_measure.hpp"

namespace meshprobe {

class Stop {
  public:
    /// Blocks the two signals for the rest of this process's life.
    [[nodiscard]] static Result<Stop> on_signals();
    /// Any descriptor that becomes readable, and stays so, when it is time to stop.
    explicit Stop(FileDescriptor fd) : fd_(std::move(fd)) {}

    [[nodiscard]] bool requested() const;
    [[nodiscard]] int descriptor() const { return fd_.get(); }
    /// Until `fd` is readable or, if asked for, writable; or `other_fd` is readable; or a stop is requested;
    /// or the time is over. -1: none.
    void wait(Microseconds longest, int fd = -1, bool or_writable = false, int other_fd = -1) const;

  private:
    FileDescriptor fd_;
};

} // namespace meshprobe
