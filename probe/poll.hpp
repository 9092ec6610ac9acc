// One poll of one host, from the metadata search to the last commit.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/config/config.hpp"
#include "lib/instance.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"
#include "probe/host_keys.hpp"
#include "probe/limit/limit_set.hpp"
#include "probe/outlet.hpp"
#include "probe/report.hpp"
#include "probe/stop.hpp"

#include <string>
#include <vector>

namespace meshprobe {

struct PollSettings {
    const Paths& paths;
    const Instance& instance;
    const Instance& state_of; ///< whose checkpoint it is: another one's where an alias takes its place
    const TaskSettings& task;
    std::vector<std::string> measurement_archives; ///< URLs
    std::vector<Destination> destinations;         ///< enabled archives only
    std::int64_t skew_usec = 0;                    ///< server minus local, as far as known
};

/// The one that worked last comes first ("esmond" stands for elmond, too), the others follow as configured.
[[nodiscard]] std::vector<std::string> order_sources(std::vector<std::string> sources,
                                                     const Progress& progress);

/// Fills `summary`; what went wrong is in there, too.
void poll_host(const PollSettings& settings, Checkpoint& checkpoint, LimitSet& limits, HostKeys& keys,
               Stop& stop, const Journal& journal, RunSummary& summary);

} // namespace meshprobe
