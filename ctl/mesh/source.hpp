// A mesh that somebody names on the command line, configured or not: fetched as refresh would, with all that
// it includes, and nothing kept.
#pragma once

#include "ctl/refresh/copy.hpp"
#include "lib/error.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/state.hpp"
#include "lib/mesh/template.hpp"
#include "lib/paths.hpp"

#include <string>
#include <vector>

namespace meshprobe {

/// One template; an include list has many.
struct SourcePart {
    std::string location;
    MeshTemplate read;
};

struct MeshSource {
    std::string location;
    MeshForm form = MeshForm::psconfig;
    MeshCopy texts;                       ///< everything that was fetched
    std::vector<std::string> documents;   ///< the document itself, and those that it lists: not their parts
    std::vector<SourcePart> parts;        ///< in the order of the list, each once
    std::vector<FailedDocument> failures; ///< sorted
    std::vector<Refusal> refusals;        ///< sorted

    [[nodiscard]] IncludeLookup lookup() const; ///< into `texts`
};

/// `source`: a URL, or a file, relative or not. An error: it cannot be had, or is no mesh document.
[[nodiscard]] Result<MeshSource> load_mesh_source(const Paths& paths, const std::string& source);

/// Asks DNS (and the hosts file), two seconds at most for a name and half a minute for all; runs jq programs
/// in processes of their own. Private addresses are admitted: who looks at a mesh collects nothing yet.
[[nodiscard]] MeshOracle make_mesh_oracle();

} // namespace meshprobe
