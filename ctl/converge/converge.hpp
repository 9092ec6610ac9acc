// One run of converge: look, compare, act, and look again until nothing changed meanwhile.
#pragma once

#include "ctl/converge/difference.hpp"
#include "ctl/service_manager.hpp"
#include "lib/error.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"

#include <deque>

namespace meshprobe {

/// What there is on disk, taking all that was generated for begun. `activation` is the caller's to say.
[[nodiscard]] Result<Situation> look(const Paths& paths);

class Converge {
  public:
    Converge(Paths paths, ServiceManager manager, const Journal& journal)
        : paths_(std::move(paths)), manager_(std::move(manager)), journal_(journal) {}

    /// An error, after everything that could be done was done, if anything could not.
    [[nodiscard]] Status run();

  private:
    struct Started {
        std::vector<std::string> units; ///< without those that an administrator masked
        std::set<std::string> failed;
    };

    struct Stopped {
        std::vector<std::string> units; ///< that ran
        std::vector<std::string> gone;  ///< whether they ran or not
    };

    Status pass();
    Status act(const Situation& situation, const Difference& difference);
    void reload_and_start_target(const Difference& difference);
    Started start(const std::vector<std::string>& units);
    Stopped stop(const std::vector<std::string>& units, const std::set<std::string>& applied);
    /// Returns early, with runs still queued, if hosts or configuration changed.
    Status first_runs();
    void keep(Situation& situation);
    void forget_failures_of_masked();
    void note(const Status& status);

    Paths paths_;
    ServiceManager manager_;
    const Journal& journal_;
    unsigned at_a_time_ = 16;
    std::deque<std::string> queue_; ///< timers whose services are still to be started once
    Status first_error_;
};

} // namespace meshprobe
