// A mesh document read as a whole: the one model that everything else asks (lib/mesh/expansion.hpp), whatever
// form it came in.
#pragma once

#include "lib/error.hpp"
#include "lib/mesh/document.hpp"

#include <nlohmann/json.hpp>

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
    std::vector<Refusal> refusals;     ///< includes that name no usable location or are no JSON
};

/// Parts that a template includes add entries under names that are not taken yet; parts of a MeshConfig are
/// merged where they are included. Bounded as parse_mesh_document() is.
[[nodiscard]] Result<MeshTemplate> read_mesh_template(std::string_view json, std::string_view location = {},
                                                      const IncludeLookup& lookup = {});

/// What parse_mesh_document() does with it.
[[nodiscard]] MeshDocument extract_measurement_archives(const MeshTemplate& read, const DocumentRules& rules);

} // namespace meshprobe
