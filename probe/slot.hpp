// How many probes of this machine fetch at once. After a stall or a clock step the timers of all hosts fire
// in one second: a slot caps what runs, a ticket caps what waits, and whatever is beyond both leaves at once.
//
// /run/meshprobe/slots/N and wait.N are locked with flock(2), which the kernel undoes however a process ends.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/paths.hpp"
#include "lib/units_of_measure.hpp"

#include <filesystem>
#include <functional>
#include <optional>

namespace meshprobe {

class Slot {
  public:
    struct Settings {
        unsigned count = 16;   ///< Config::slots
        unsigned tickets = 64; ///< processes that may wait
        Microseconds wait = std::chrono::minutes(2);
        /// The last runs for this host were bad: it may use only a quarter of slots and tickets (at least
        /// one), so that dead hosts, whose runs last until their time-outs, never delay the living.
        bool dead_host = false;
        std::function<bool()> stop; ///< asked at least every second and after each signal: true ends the wait
    };

    /// nullopt: none is free and none became so in time, or too many wait already: the run is *deferred*.
    /// Makes the directory if it is absent (runs by hand). Takes microseconds when a slot is free.
    [[nodiscard]] static Result<std::optional<Slot>> take(const Paths& paths, const Settings& settings);

    [[nodiscard]] unsigned number() const { return number_; }

  private:
    Slot(unsigned number, FileDescriptor lock, FileDescriptor bell);
    [[nodiscard]] static Result<std::optional<Slot>> try_all(const std::filesystem::path& directory,
                                                             unsigned usable);
    [[nodiscard]] static Result<std::optional<Slot>>
    wait(const std::filesystem::path& directory, unsigned usable, unsigned watched, const Settings& settings);

    unsigned number_;
    FileDescriptor lock_;
    FileDescriptor bell_; ///< open for writing: that it is closed is what wakes those who wait
};

} // namespace meshprobe
