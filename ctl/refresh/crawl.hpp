// Fetches a mesh: its document, and those it includes, conditionally and within bounds. Decides nothing.
#pragma once

#include "ctl/refresh/copy.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/mesh/document.hpp"
#include "lib/mesh/state.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

struct CrawlBounds {
    std::size_t documents = 1000;
    std::size_t depth = 5;                      ///< inclusions, one below the other
    std::uint64_t document_bytes = 20ULL << 20; ///< each
    std::uint64_t bytes = 200ULL << 20;         ///< together
    Microseconds time = std::chrono::minutes(2);
    unsigned in_flight = 4;
};

struct Crawl {
    std::string root;             ///< location of the mesh's own document
    std::optional<Error> failure; ///< it cannot be had; the rest is empty then
    MeshCopy documents;           ///< all that are in use: fresh, or the last good copy where that failed
    std::vector<FailedDocument> failures; ///< sorted
    std::vector<Refusal> refusals;        ///< includes that name no usable location; sorted
    bool plain_http = false;              ///< something came over http, which anybody on the way can change
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    Microseconds duration = Microseconds(0);
};

/// `stop`: asked often; true ends the crawl with `interrupted`.
[[nodiscard]] Crawl crawl_mesh(const Paths& paths, const Mesh& mesh, const MeshCopy& last,
                               const CrawlBounds& bounds, const std::function<bool()>& stop);

} // namespace meshprobe
