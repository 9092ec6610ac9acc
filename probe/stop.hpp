// Why a run has to end: SIGTERM or SIGINT, or its time is over. Signals are blocked and read from a
// descriptor, so that they are noticed between two steps and never in the middle of one.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

#include <chrono>

namespace meshprobe {

class Stop {
  public:
    using Clock = std::chrono::steady_clock;

    /// To be called before any thread exists.
    [[nodiscard]] static Result<Stop> on_signals();

    /// When the time of the run is over.
    void set_end(Clock::time_point end) { end_ = end; }

    [[nodiscard]] bool is_signalled();
    [[nodiscard]] bool is_out_of_time() const { return Clock::now() >= end_; }
    [[nodiscard]] bool is_wanted() { return is_signalled() || is_out_of_time(); }

  private:
    explicit Stop(FileDescriptor signals) : signals_(std::move(signals)) {}

    FileDescriptor signals_;
    bool signalled_ = false;
    Clock::time_point end_ = Clock::time_point::max();
};

} // namespace meshprobe
