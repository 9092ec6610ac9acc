// A mesh that somebody names on the command line, configured or not: fetched as refresh would, with all that
// it includes, and nothing kept.
#pragma once

#include "ctl/refresh/copy.hpp"
#include "lib/command_line.hpp"
#include "lib/error.hpp"
#include "lib/exit_code.hpp"
#include "lib/json.hpp"
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

/// `source`: a URL, or a file, relative or not; `proxy`: to reach URLs through. An error: it cannot be had,
/// or is no mesh document.
[[nodiscard]] Result<MeshSource> load_mesh_source(const Paths& paths, const std::string& source,
                                                  const std::string& proxy = {});

/// The addresses of the agent as --requesting-agent FILE gives them; null: it is not given.
[[nodiscard]] Result<nlohmann::json> read_requesting_agent(const CommandLine& line);

/// Wrong arguments with a pointer to the help, everything else as it is.
ExitCode complain_about_mesh(const Error& error);

/// Asks DNS (and the hosts file), two seconds at most for a name and half a minute for all; runs jq programs
/// in processes of their own. `requesting_agent`: of read_requesting_agent(); it must outlive the oracle.
[[nodiscard]] MeshOracle make_mesh_oracle(const nlohmann::json& requesting_agent,
                                          const DocumentRules& rules = {});

} // namespace meshprobe
