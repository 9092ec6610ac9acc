// What has to be done so that what runs is what is wanted: a pure function of sets.
//
//   wanted     what the generator would link now
//   generated  what it linked when systemd ran it last
//   begun      what the start of the target has started: of what is generated, all that was there by then
//   applied    what converge brought about last
//
// What is wanted and was applied is left alone, whatever state it is in: an administrator may have stopped
// it.
#pragma once

#include "ctl/converge/applied.hpp"
#include "ctl/generator_run.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

struct Situation {
    WantedUnits wanted;
    WantedUnits generated;
    std::set<std::string> begun; ///< links
    std::optional<Applied> applied;
    std::string activation;                ///< of meshprobe.target now
    std::set<std::string> enabled_by_hand; ///< timers
    std::set<std::string> problems;        ///< of the configuration; they change nothing here
    std::set<std::string> known_hosts;     ///< of the list that was applied last, over boots
};

struct Difference {
    bool reload = false;       ///< a template or drop-in is not what it should be
    bool start_target = false; ///< the target was started when not all was known (/var came late): once more
    std::vector<std::string> start; ///< units, sorted
    std::vector<std::string> stop;  ///< timers, paths …; what they trigger is to stop as well
    /// Timers whose services are to be started once: of new hosts, and refresh with the first mesh.
    std::vector<std::string> first_runs;

    [[nodiscard]] bool empty() const;
};

[[nodiscard]] Difference difference(const Situation& situation);

/// "meshprobe@h.timer" -> "meshprobe@h.service"
[[nodiscard]] std::string triggered_unit(std::string_view unit);

} // namespace meshprobe
