// A mesh document as strangers write it: include list, pSConfig template or legacy MeshConfig. This extracts
// what a collector needs: which measurement archives there are, and which further documents to fetch.
#pragma once

#include "lib/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

enum class MeshForm { include_list, psconfig, meshconfig };

struct MeasurementArchive {
    /// Normalised: lower-case host, default port dropped, standard path added, one trailing slash.
    std::string url;
    std::string host; ///< HostName::text()

    auto operator<=>(const MeasurementArchive&) const = default;
};

struct Refusal {
    std::string what; ///< as the document has it, shortened and made printable
    std::string reason;

    auto operator<=>(const Refusal&) const = default;
};

/// What reading a mesh leaves out, and the place that says so. Two of the same text are one, whatever their
/// places.
struct Omission : Refusal {
    std::string path = {}; ///< JSON pointer, printable; empty: the document as a whole
    bool is_fault = true;  ///< false: the document is right, there is only nothing to be made of this here
};

struct DocumentRules {
    bool allow_private = false; ///< private and loopback addresses; link-local and unspecified ones never
};

/// Whether a document must stand for itself, or is a piece that a template or MeshConfig includes: that may
/// be partial, down to a single member. What a piece of a template includes is ignored, as pSConfig documents
/// it: there is one level of includes. Those of MeshConfigs nest.
enum class DocumentRole { whole, template_part, meshconfig_part };

/// The first look at a document: enough to know that it is one, and what else to fetch.
struct MeshOutline {
    MeshForm form = MeshForm::psconfig;
    std::vector<std::string> includes; ///< locations (lib/mesh/location.hpp), in order, each once
    DocumentRole include_role = DocumentRole::whole;
    std::vector<Refusal> refusals; ///< includes that name no usable location
};

/// `location`: where the text comes from, in normal form; relative includes start there.
/// What is none of the three forms (an HTML login page, an empty body, `{}`, some other JSON) is a `protocol`
/// error that says what it looks like. An empty list and a template without archives are documents.
[[nodiscard]] Result<MeshOutline> outline_mesh_document(std::string_view json, std::string_view location,
                                                        DocumentRole role = DocumentRole::whole);

struct MeshDocument {
    MeshForm form = MeshForm::psconfig;
    std::vector<std::string> includes; ///< of an include list: documents of their own, not looked into here
    std::vector<MeasurementArchive> archives; ///< sorted by host, the best URL of a host first
    /// Where the OpenSearch behind such an archive answers itself, if it does; sorted.
    std::vector<MeasurementArchive> searches;
    std::vector<Refusal> refusals; ///< archives that cannot be polled, names that are not usable; sorted
};

/// The text of an included document; nullopt if it could not be had: what it would add is missing then.
using IncludeLookup = std::function<std::optional<std::string_view>(std::string_view location)>;

} // namespace meshprobe
