// From what an old collector delivered of a host to the checkpoint of its instance.
#pragma once

#include "ctl/import/tree.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::legacy {

struct TakenOver {
    enum class Outcome {
        taken,    ///< the first run goes on where the old collector stopped
        replaced, ///< likewise, and what meshprobe knew of the host is forgotten
        same,     ///< that was done before, and nothing was collected since
        refused,  ///< meshprobe collects this host already
        failed,
    };
    Instance instance;
    Outcome outcome = Outcome::taken;
    std::string reason; ///< of `refused` and `failed`
    std::size_t keys = 0;
    std::size_t series = 0;
    Timestamp newest = 0; ///< UNIX seconds
};

[[nodiscard]] std::string_view outcome_name(TakenOver::Outcome outcome);

struct TakeOverSettings {
    std::string task;
    bool force = false;
    bool dry_run = false; ///< says what would be done
    Timestamp now = 0;
};

/// Not one host keeps another from being taken over. On the real root each file gets the owner of the others.
[[nodiscard]] std::vector<TakenOver> take_over(const Paths& paths, const std::vector<DeliveredHost>& hosts,
                                               const TakeOverSettings& settings);

} // namespace meshprobe::legacy
