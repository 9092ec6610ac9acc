// What a mesh expects to be measured, on its way to mesh/expected/MESH (lib/mesh/expected.hpp).
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/expected.hpp"
#include "lib/paths.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace meshprobe {

/// How often a test brings results: `repeat` of its schedule; latencybg, which runs without end, after each
/// packet-count packets, one every packet-interval (600, 0.1 s unless the test says otherwise). nullopt: it
/// runs once, or a number of times.
[[nodiscard]] std::optional<ExpectedTest> expected_test(const MeshTask& task);

/// Turns the tuples of one document into expected results.
class ExpectationReader {
  public:
    using Archives = std::span<const MeshArchive* const>;

    explicit ExpectationReader(ExpectedWriter& writer) : writer_(writer) {}

    /// False: nothing is expected of the task, or not time and again.
    [[nodiscard]] bool begin(const MeshTask& task);
    /// A tuple of that task, and what holds its results. The archives must stay where they are.
    void note(const MeshTuple& tuple, Archives archives);

  private:
    using Index = ExpectedWriter::Index;
    [[nodiscard]] std::optional<Index> index_of(const Participant& participant);
    [[nodiscard]] std::optional<Index> index_of(Archives archives);

    ExpectedWriter& writer_;
    bool reversed_ = false;    ///< the test runs from the second address to the first
    std::optional<Index> aim_; ///< of a test that has the same destination for all
    /// By what an address shows: its place in the document.
    std::unordered_map<const nlohmann::json*, std::optional<Index>> indexes_;
    using ArchiveSets = std::map<std::vector<const MeshArchive*>, std::optional<Index>>;
    ArchiveSets archive_sets_;
    const ArchiveSets::value_type* last_set_ = nullptr; ///< mostly the next tuple's too
};

/// Durable; nothing if that is what the file holds.
[[nodiscard]] Status write_expected(const Paths& paths, const std::string& mesh, const std::string& text);
/// Removes those of meshes that are not in `meshes`.
[[nodiscard]] Status tidy_expected(const Paths& paths, const std::set<std::string>& meshes);

} // namespace meshprobe
