// A mesh document as strangers write it: include list, pSConfig template or legacy MeshConfig. This extracts
// what a collector needs: which measurement archives there are, and which further documents to fetch.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

enum class MeshForm { include_list, psconfig, meshconfig };

struct MeasurementArchive {
    std::string url;  ///< normalised: lower-case host, default port dropped, standard path added, one trailing slash
    std::string host; ///< HostName::text()
};

struct Refusal {
    std::string what;   ///< as the document has it, shortened and made printable
    std::string reason;
};

struct MeshDocument {
    MeshForm form = MeshForm::psconfig;
    std::vector<std::string> includes;         ///< URLs, in order
    std::vector<MeasurementArchive> archives;  ///< sorted by host, unique by host
    std::vector<Refusal> refusals;             ///< archives that cannot be polled, names that are not usable
};

struct DocumentRules {
    bool allow_private = false; ///< private and loopback addresses; link-local and unspecified ones never
};

/// Bounded: at most 100 000 archives, nesting at most 64 deep; anything that is none of the three forms
/// (an HTML login page, `{}` without the members of a form …) is a `protocol` error that says what it looks like.
[[nodiscard]] Result<MeshDocument> parse_mesh_document(std::string_view json, const DocumentRules& rules);

} // namespace meshprobe
