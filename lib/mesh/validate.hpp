// What `psconfig validate` would say of a document, stage by stage.
#pragma once

#include "lib/mesh/document.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct MeshStage {
    std::string name; ///< "schema", "includes", "translation" of a MeshConfig, "references", "expand"
    std::vector<MeshProblem> problems; ///< at most a thousand
    /// What is left out of a document that has no fault: an ordered_mesh, which pSConfig drops as well, or a
    /// class of the requesting agent, who is not known.
    std::vector<MeshProblem> remarks = {};
};

/// The reason that validation gives for an include that `lookup` does not know; who fetched it knows more.
[[nodiscard]] std::string cannot_be_had(std::string_view location);

/// All stages of a template or MeshConfig; an include list has "schema" and "includes" only. An error: the
/// text is no JSON, or no mesh document.
///
/// As the schema of pSConfig, this does not look at entries whose names it does not like; to name one from
/// elsewhere is an error.
[[nodiscard]] Result<std::vector<MeshStage>> validate_mesh_document(std::string_view text,
                                                                    std::string_view location,
                                                                    const IncludeLookup& lookup,
                                                                    MeshOracle oracle);

} // namespace meshprobe
