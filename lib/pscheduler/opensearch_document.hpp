// From a result as the OpenSearch archive of perfSONAR 5 keeps it, "normalised", to the document that
// pScheduler archived. What the archive's pipeline has thrown away stays unknown.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/pscheduler/event_values.hpp"

#include <string>
#include <vector>

namespace meshprobe {

/// What the archive has found out about a result, which the archived document leaves open.
struct ArchivedAs {
    std::string key;    ///< SHA-256 of test, observer and tool: elmond's metadata key; may be empty
    std::string source; ///< IP addresses; empty: unknown
    std::string destination;
    std::string observer;
};

struct RestoredDocument {
    nlohmann::json document; ///< as pScheduler's archivers get it
    ArchivedAs archived_as;
    std::vector<ValueProblem> problems; ///< of histograms that are none: they are not in the document
};

/// `protocol` error for what is no result.
[[nodiscard]] Result<RestoredDocument> restore_document(const nlohmann::json& source);

} // namespace meshprobe
