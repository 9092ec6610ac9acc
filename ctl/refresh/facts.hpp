// What the meshes say of each host, for tasks to select by: gathered from the documents of a mesh, kept
// beside their copy (mesh/copy/NAME/facts, in the form of lib/host_facts.hpp), and published in one file for
// all.
#pragma once

#include "lib/error.hpp"
#include "lib/host_facts.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/paths.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace meshprobe {

struct MeshFacts {
    FactsOfHosts hosts;         ///< without the name of the mesh
    std::set<Refusal> refusals; ///< names that cannot be facts, tasks that cannot be expanded
};

/// Turns the tuples of one document into facts, added to what others have said. A host has the names of each
/// task whose results it holds: of the task itself, its group and its type of test, and the tags of the
/// addresses and hosts in it. Tasks, addresses and hosts that are disabled say nothing.
class FactReader {
  public:
    using Archives = std::span<const MeshArchive* const>;

    explicit FactReader(MeshFacts& facts) : facts_(facts) {}

    /// A tuple of that task, and what holds its results. The archives must stay where they are.
    void note(const MeshTask& task, const MeshTuple& tuple, Archives archives);
    void refuse(std::string what, std::string reason);

  private:
    using Names = std::set<std::string, std::less<>>;
    void add_tags(const MeshArchive& archive, const Participant& member);
    void add(Names& names, std::string_view what, std::string_view name);

    MeshFacts& facts_;
    /// What is known of an archive already: a few of them, in very many tuples.
    struct Noted {
        const MeshTask* task = nullptr;
        std::unordered_set<const nlohmann::json*> members; ///< by what they show
    };
    std::unordered_map<const MeshArchive*, Noted> noted_;
};

/// Durable, if they changed. `held`: hosts whose removal waits for a person keep what was said of them last.
[[nodiscard]] Status write_mesh_facts(const Paths& paths, std::string_view mesh, FactsOfHosts facts,
                                      const std::map<std::string, std::int64_t, std::less<>>& held);

/// The hosts that are published, with the meshes in force that name them.
using MeshesOfHosts = std::map<std::string, std::vector<std::string>, std::less<>>;
/// Writes mesh/facts, durably, if it changed.
[[nodiscard]] Status publish_facts(const Paths& paths, const MeshesOfHosts& hosts);

} // namespace meshprobe
