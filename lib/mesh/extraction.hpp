// Where the readers of the document forms put what they find. Private to lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/document.hpp"
#include "lib/mesh/oracle.hpp"
#include "lib/mesh/problem.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class Extraction {
  public:
    explicit Extraction(const DocumentRules& rules) : rules_(rules) {}

    /// `what`: where the URL stands ("archive "central""), for the refusal.
    void add_url(std::string_view what, std::string_view url);
    /// Of an archive that has a read URL: what is wrong with the host is told of that.
    void add_search_url(std::string_view url);
    void refuse(std::string_view what, std::string_view reason);

    void move_into(MeshDocument& document);

  private:
    DocumentRules rules_;
    std::set<MeasurementArchive> archives_;
    std::set<MeasurementArchive> searches_;
    std::set<Refusal> refusals_;
};

/// Counts inclusions down: documents that include each other many times over end here.
class IncludeBudget {
  public:
    [[nodiscard]] bool spend() { return left_ > 0 && left_-- > 0; }

  private:
    int left_ = 1000;
};

/// As outline_mesh_document(), of what was parsed already.
[[nodiscard]] Result<MeshOutline> outline_mesh(const nlohmann::json& document, std::string_view location,
                                               DocumentRole role);
/// Items of an include list, or entries of the `includes` of a template, that include nothing.
[[nodiscard]] std::vector<MeshProblem> idle_includes(const nlohmann::json& document, MeshForm form);
/// For refusals of the document as a whole, or of some place in it.
[[nodiscard]] std::string name_of_document(std::string_view location);

void extract_template(const nlohmann::json& document, MeshOracle oracle, Extraction& extraction);
/// Adds what the template's includes have under names not taken yet. Their own includes are ignored: pSConfig
/// has one level of them.
void merge_template_includes(nlohmann::json& document, std::string_view location, const IncludeLookup& lookup,
                             RefusalList& refusals);

/// Replaces each `include`, in whatever object, by what it names.
void merge_meshconfig_includes(nlohmann::json& object, std::string_view location, const IncludeLookup& lookup,
                               RefusalList& refusals);
/// As written, wherever they stand.
void find_meshconfig_includes(const nlohmann::json& value, std::vector<std::string>& includes);

/// `include` and `includes` are a string or an array of strings.
void append_include_strings(const nlohmann::json& include, std::vector<std::string>& includes);

} // namespace meshprobe
