// What a crawl means for a mesh: which hosts are in force now, what is held back, and what is worth telling.
#pragma once

#include "ctl/refresh/crawl.hpp"
#include "lib/config/config.hpp"
#include "lib/host_facts.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/state.hpp"

#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

struct Settlement {
    MeshState state;
    std::optional<Error> failure; ///< of the mesh as a whole
    std::string expected;         ///< text of mesh/expected/MESH; not after a failure
    FactsOfHosts facts;           ///< likewise, without the name of the mesh
    std::vector<std::string> added;
    std::vector<std::string> removed;
    std::vector<std::string> newly_held;
    std::vector<FailedDocument> new_failures; ///< documents that did not fail last time
    std::vector<Refusal> new_refusals;        ///< that were not refused last time
    bool outcome_changed = false;
    bool became_plain_http = false;
};

/// Pure, but for the jq programs in the documents. After a failure everything stays as it was but the
/// outcome.
[[nodiscard]] Settlement settle(const Mesh& mesh, const std::optional<MeshState>& last, const Crawl& crawl,
                                const Moment& now, const JqAnswer& jq = {});

} // namespace meshprobe
