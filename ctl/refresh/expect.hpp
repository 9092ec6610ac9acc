// What a mesh expects to be measured, on its way to mesh/expected/MESH (lib/mesh/expected.hpp).
#pragma once

#include "lib/error.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/expected.hpp"
#include "lib/mesh/template.hpp"
#include "lib/paths.hpp"

#include <optional>
#include <set>
#include <string>

namespace meshprobe {

/// How often a test brings results: `repeat` of its schedule; latencybg, which runs without end, after each
/// packet-count packets, one every packet-interval (600, 0.1 s unless the test says otherwise). nullopt: it
/// runs once, or a number of times.
[[nodiscard]] std::optional<ExpectedTest> expected_test(const MeshTask& task);

/// Adds all enabled tuples of all enabled tasks whose results some measurement archive holds. Tasks that
/// cannot be expanded are left out: reading the archives reports them already.
void expect(const MeshTemplate& mesh, MeshOracle oracle, ExpectedWriter& writer);

/// Durable; nothing if that is what the file holds.
[[nodiscard]] Status write_expected(const Paths& paths, const std::string& mesh, const std::string& text);
/// Removes those of meshes that are not in `meshes`.
[[nodiscard]] Status tidy_expected(const Paths& paths, const std::set<std::string>& meshes);

} // namespace meshprobe
