// What refresh knows about one mesh: mesh/copy/NAME/state, a JSON object, written durably whenever it
// changes. Its modification time is when the mesh was last refreshed without error, so that a refresh that
// finds nothing new writes nothing. Beside it lie the last good documents (ctl/refresh/copy.hpp).
#pragma once

#include "lib/clock.hpp"
#include "lib/error.hpp"
#include "lib/mesh/document.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// A document that could not be had.
struct FailedDocument {
    std::string location;
    std::string reason;
    bool has_copy = false; ///< its last good copy was used

    /// "LOCATION: REASON"; the reason may name the location already.
    [[nodiscard]] std::string text() const;
    auto operator<=>(const FailedDocument&) const = default;
};

struct MeshState {
    enum class Outcome {
        never,     ///< not had once; the mesh has no hosts yet
        refreshed, ///< all documents are fresh
        partial,   ///< some included documents failed; their last good copies are used
        failed,    ///< the mesh itself cannot be had; everything stays as it was
    };

    std::string mesh;
    std::string source; ///< URL or file, as configured
    Outcome outcome = Outcome::never;
    std::string error;             ///< why, for `failed`; empty otherwise
    std::int64_t since_usec = 0;   ///< since when the outcome is this one
    std::int64_t changed_usec = 0; ///< when the set of hosts last changed
    std::uint64_t documents = 0;
    bool plain_http = false; ///< some of them came over http, which anybody on the way can change
    /// The hosts in force, held ones included, with their read URLs, best first.
    std::map<std::string, std::vector<std::string>, std::less<>> hosts;
    /// Hosts that the mesh no longer names, but whose removal waits for `meshprobectl mesh accept`; since
    /// when.
    std::map<std::string, std::int64_t, std::less<>> held;
    /// Hosts that were removed lately: what the shrink guard counts.
    std::map<std::string, Moment, std::less<>> removed;
    std::vector<FailedDocument> failures; ///< sorted
    std::vector<Refusal> refusals;        ///< sorted

    std::int64_t checked_usec = 0; ///< modification time of the file; not part of its content

    [[nodiscard]] std::string json() const; ///< with final newline
};

[[nodiscard]] std::string_view outcome_name(MeshState::Outcome outcome);

[[nodiscard]] std::filesystem::path mesh_copy_directory(const Paths& paths, std::string_view mesh);

/// nullopt: this mesh was never refreshed.
[[nodiscard]] Result<std::optional<MeshState>> read_mesh_state(const Paths& paths, std::string_view mesh);
/// Durable if the content changed, otherwise nothing; `checked`: sets the modification time to now.
[[nodiscard]] Status write_mesh_state(const Paths& paths, const MeshState& state, bool checked);
/// Meshes that have a state, sorted, configured or not.
[[nodiscard]] Result<std::vector<std::string>> list_mesh_states(const Paths& paths);

} // namespace meshprobe
