// A mesh document read as a whole: the one model that everything else asks (lib/mesh/expansion.hpp), whatever
// form it came in.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/document.hpp"
#include "lib/mesh/expansion.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct MeshTemplate {
    MeshForm form = MeshForm::psconfig; ///< as it came
    /// A pSConfig template with all its includes merged, comments dropped; a MeshConfig translated to one as
    /// perfSONAR 4.1 to 5.0 did; of an include list nothing.
    nlohmann::json document;
    std::vector<std::string> includes; ///< of an include list: documents of their own, in order, each once
    /// Includes that name no usable location or are no JSON; of a MeshConfig also what has no counterpart.
    std::vector<Omission> refusals;
};

/// Parts that a template includes add entries under names that are not taken yet, and include nothing
/// themselves; parts of a MeshConfig are merged where they are included, at any depth. Bounded: nesting at
/// most 64 deep, at most 1000 inclusions.
[[nodiscard]] Result<MeshTemplate> read_mesh_template(std::string_view json, std::string_view location = {},
                                                      const IncludeLookup& lookup = {});

/// Which archives: all but those that only disabled tasks and hosts name, at most 100 000. Where the URL
/// holds
/// {% scheduled_by_address %}, {% address[N] %} or the like, one for each value among the tuples of the tasks
/// that use it; only then the oracle is asked.
[[nodiscard]] MeshDocument extract_measurement_archives(const MeshTemplate& read, MeshOracle oracle);

} // namespace meshprobe
