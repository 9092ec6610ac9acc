// Whether results of some series still lie in a spool.
#pragma once

#include "ctl/explain/facts.hpp"
#include "lib/paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace meshprobe::explain {

/// Results of these metadata keys, of one event type (empty: any) and of a range.
struct Search {
    std::vector<std::string> instances; ///< that may have written them: Instance::name()
    std::vector<std::string> keys;
    std::string event_type;
    Timestamp from = 0;
    Timestamp until = 0;
};

/// Sets `queued` and `refused`. Where a format does not tell times, whatever holds the series counts.
[[nodiscard]] Status search_spool(const Paths& paths, const Search& search, ArchiveFacts& archive);

} // namespace meshprobe::explain
