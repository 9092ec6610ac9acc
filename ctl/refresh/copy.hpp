// The last good documents of a mesh, in mesh/copy/NAME/: one file per text, named by its SHA-256, and
// `index`, which says which location has which text and how to ask for it conditionally. The index is written
// last, so that it never names a file that is not there; a damaged file is as good as none and is fetched
// again.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace meshprobe {

struct CopiedDocument {
    std::string text;
    std::string url;  ///< the request that worked; empty for a file
    std::string etag; ///< as the server gave them; empty: none
    std::string last_modified;

    bool operator==(const CopiedDocument&) const = default;
};

/// By location (lib/mesh/location.hpp).
using MeshCopy = std::map<std::string, CopiedDocument, std::less<>>;

/// A mesh that has none is an empty copy.
[[nodiscard]] Result<MeshCopy> read_mesh_copy(const Paths& paths, std::string_view mesh);
/// Durable; writes what is not there yet, then the index if it changed, then removes what it no longer names.
[[nodiscard]] Status write_mesh_copy(const Paths& paths, std::string_view mesh, const MeshCopy& copy);
/// With its state: for a mesh that is no longer configured.
[[nodiscard]] Status remove_mesh_copy(const Paths& paths, std::string_view mesh);

} // namespace meshprobe
