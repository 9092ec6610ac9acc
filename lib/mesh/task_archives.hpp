// The archives of a tuple, with their variables replaced and the URLs that their results can be read at.
// Private to lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/oracle.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe {

/// Where results of this archive can be read, as written, variables and all; an error says why nowhere.
[[nodiscard]] Result<std::vector<std::string>> written_read_urls(const nlohmann::json& archive);

/// Where the OpenSearch of this archive answers itself, variables and all; nullopt: nothing says so.
[[nodiscard]] std::optional<std::string> written_search_url(const nlohmann::json& archive);

class TaskArchives {
  public:
    TaskArchives(const nlohmann::json& document, Oracle& oracle) : document_(document), oracle_(oracle) {}

    /// The list holds until the next call.
    Result<std::span<const MeshArchive* const>> of(const MeshTask& task, const MeshTuple& tuple);

  private:
    using Archives = std::vector<const MeshArchive*>;
    using Place = std::pair<const nlohmann::json*, const nlohmann::json*>; ///< task, host
    using Scheduler = std::pair<std::string_view, bool>;                   ///< its address, `flip`
    /// An object of the document and the variables in it.
    struct Source {
        std::string name;
        const nlohmann::json* object = nullptr;
        std::set<std::string> variables;
        bool asks_jq = false;
    };
    /// All that the tuples of a task need whose scheduler is of one host.
    struct Sources {
        std::vector<Source> archives;
        std::vector<Source> others; ///< test and reference: of interest only if their variables can fail
        std::optional<Error> error;
        std::optional<Archives> constant; ///< without any variable
        bool of_scheduler = false;        ///< all variables are of the scheduler
        std::map<Scheduler, Archives> by_scheduler;
        const std::pair<const Scheduler, Archives>* last = nullptr; ///< mostly the next tuple's too
    };

    Sources& sources_of(const MeshTask& task, const Participant& scheduler);
    Status add_archives(const MeshTask& task, const nlohmann::json& holder, Sources& sources);
    Result<std::vector<const nlohmann::json*>> contexts_of(const Participant& member) const;
    Status check_contexts(const MeshTask& task, const MeshTuple& tuple, const Sources& sources);
    Result<const MeshArchive*> expanded(const Source& source, const MeshTask& task, const MeshTuple& tuple,
                                        const Sources& sources);
    Result<nlohmann::json> jq_value(const std::string& program, const MeshTask& task, const MeshTuple& tuple,
                                    const Sources& sources);
    MeshArchive made(const Source& source, nlohmann::json object) const;

    Status make(const MeshTask& task, const MeshTuple& tuple, const Sources& sources, Archives& archives);

    const nlohmann::json& document_;
    Oracle& oracle_;
    std::map<Place, Sources> sources_;
    Place last_place_; ///< a group is walked by rows: mostly it is the next one's too
    Sources* last_sources_ = nullptr;
    Archives made_; ///< what varies with the whole tuple
    /// By entry and by the values of the variables in it.
    std::map<std::pair<const nlohmann::json*, std::string>, std::unique_ptr<MeshArchive>> archives_;
};

} // namespace meshprobe
