// From the tasks of a template to the tuples of addresses they are run for, in the order and by the rules of
// pSConfig (docs.perfsonar.net, "Introduction to pSConfig Templates"; where the 5.1 port in Python differs
// from the documentation, the documentation holds).
//
//     MeshExpansion expansion(document, {});
//     for (const MeshTask& task : expansion.tasks()) {
//         if (task.disabled || !task.problem.empty()) continue;
//         const Status done = expansion.each(task, [&](const MeshTuple& tuple) { … tuple.members … });
//     }
//
// Nothing is copied out of the document: it must stay where it is as long as the expansion is used. One
// thread at a time.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/document.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// The first result of a jq program; nullopt if it has none. Must be bounded in time and memory: the program
/// is a stranger's. Errors `configuration` (it does not compile) and `protocol` (it raised one) are the
/// program's own; after any other its answer is not known.
using JqAnswer = std::function<Result<std::optional<nlohmann::json>>(const std::string& program,
                                                                     const nlohmann::json& input)>;

/// What only the world outside the document can answer. Whatever is left empty is not known.
struct MeshOracle {
    /// The addresses of a host name, as literals. nullopt: not known (nobody asks DNS, or no answer in time);
    /// empty: it has none. Asked once for each name.
    std::function<std::optional<std::vector<std::string>>(const std::string& name)> resolve = {};
    JqAnswer jq = {};
    /// A map from names to addresses, for classes whose data source is the requesting agent.
    const nlohmann::json* requesting_agent = nullptr;
    DocumentRules rules = {}; ///< which read URLs of archives are admitted
};

/// One address in its part in a tuple.
struct Participant {
    std::string_view name;                      ///< in `addresses`
    const nlohmann::json* top = nullptr;        ///< the entry of that name
    const nlohmann::json* properties = nullptr; ///< what it shows to this peer: `top`, a label, an entry of
                                                ///< `remote-addresses`, or a label of that
    std::string_view address;                   ///< `address` of `properties`: what is tested
    std::string_view top_address; ///< `address` of `top`: what an agent compares with its own addresses
    const nlohmann::json* host = nullptr; ///< the entry of `hosts`; nullptr if it names none
    bool disabled = false;                ///< itself, what it is derived from, or its host
    bool no_agent = false;                ///< likewise
    bool has_contexts = false;            ///< `properties` names some
    bool has_tags = false;                ///< `top`, `properties` or `host` do
    bool certain = true; ///< false: it stands here for a class whose filter asks DNS or jq, which gave no
                         ///< answer
};

struct MeshTuple {
    std::span<const Participant> members; ///< one for a list; source, destination for mesh and disjoint
    std::size_t scheduler = 0;            ///< index in `members`: whose agent creates the task
    bool flip = false;     ///< not the one that `scheduled-by` names, because that one has no agent
    bool disabled = false; ///< some member is: no agent creates it

    [[nodiscard]] bool certain() const;
};

struct MeshTask {
    std::string_view name;
    const nlohmann::json* task = nullptr;
    const nlohmann::json* test = nullptr;     ///< nullptr: none of the name
    const nlohmann::json* schedule = nullptr; ///< nullptr: it has none, and runs once or continuously
    std::string_view group;                   ///< its name
    std::string_view test_type;     ///< "throughput", "latencybg", "rtt", "trace" …; as the test has it
    std::optional<double> interval; ///< seconds: `repeat` of its schedule; nullopt: none, or not a duration
    std::size_t scheduled_by = 0;
    std::size_t dimension = 2; ///< members of its tuples; 1 for a list
    bool disabled = false;     ///< by itself; that of addresses is a matter of tuples
    std::string problem;       ///< why no agent creates any tuple of it; empty if they do
};

/// Where the results of a tuple go.
struct MeshArchive {
    std::string name;                          ///< in `archives`
    nlohmann::json object;                     ///< with all variables replaced
    std::vector<MeasurementArchive> read_urls; ///< where results can be read, best first; empty: see `reason`
    std::string reason;                        ///< why nowhere
    std::optional<std::string> search_url = {}; ///< where the OpenSearch behind it answers itself, as written
};

/// Disabled tuples are left out by each() unless wanted: they are no hole in the results.
enum class DisabledTuples { skip, visit };

class MeshExpansion {
  public:
    /// `document`: a template with its includes merged (MeshTemplate::document).
    explicit MeshExpansion(const nlohmann::json& document, MeshOracle oracle = {});
    MeshExpansion(MeshExpansion&&) noexcept;
    MeshExpansion& operator=(MeshExpansion&&) noexcept;
    ~MeshExpansion();

    [[nodiscard]] std::span<const MeshTask> tasks() const; ///< by name
    [[nodiscard]] const MeshTask* find(std::string_view task) const;

    /// Calls `visit` for each tuple that some agent would create, in the documented order. A group that is
    /// unknown or faulty, an impossible `scheduled-by`, or more pairs than may still be looked at (two
    /// millions for all tasks together, a second's work) are a `protocol` error, and nothing was visited.
    /// Does not look at MeshTask::disabled and the problems of its test and schedule.
    [[nodiscard]] Status each(const MeshTask& task, const std::function<void(const MeshTuple&)>& visit,
                              DisabledTuples disabled = DisabledTuples::skip);

    /// The archives of the task, then those of the scheduler's host, equal ones once. An error says why no
    /// agent creates this tuple: an archive or context that is not there, or a variable without value in
    /// archives, test, contexts or reference. Cheap where variables, if any, are of the scheduler only. The
    /// archives hold as long as this, the list until the next call.
    [[nodiscard]] Result<std::span<const MeshArchive* const>> archives(const MeshTask& task,
                                                                       const MeshTuple& tuple);

    /// What was left out meanwhile, with its reason: each entry once, at most a thousand of them.
    [[nodiscard]] const std::set<Omission>& refusals() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace meshprobe
