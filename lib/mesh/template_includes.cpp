// What a template includes is merged into it.
#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"

#include <array>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 10> sections{
    "addresses", "address-classes", "archives", "contexts", "groups",
    "hosts",     "schedules",       "subtasks", "tasks",    "tests"};

/// Neither `_meta` nor `includes`: a part speaks for itself only, and includes nothing.
void merge_part(json& document, const json& part) {
    for (const std::string_view section : sections) {
        const json& additions = object_member(part, section);
        if (additions.empty()) continue;
        json& target = document[std::string(section)];
        if (!target.is_object()) target = json::object();
        target.insert(additions.begin(), additions.end()); // keeps what is there already
    }
}

} // namespace

void merge_template_includes(json& document, std::string_view location, const IncludeLookup& lookup,
                             RefusalList& refusals) {
    std::vector<std::string> includes;
    if (const json* member = find_member(document, "includes")) append_include_strings(*member, includes);
    std::set<std::string> seen{std::string(location)};
    IncludeBudget budget;
    for (const std::string& include : includes) {
        const auto target = resolve_location(location, include);
        if (!target || !seen.insert(*target).second || !budget.spend())
            continue; // the outline reported bad ones
        const auto text = lookup ? lookup(*target) : std::nullopt;
        if (!text) continue;
        std::vector<MeshProblem> problems;
        const auto part = parse_json_text(*text, &problems);
        for (const MeshProblem& problem : problems)
            refusals.add(name_of_document(*target), problem.text());
        if (part) {
            merge_part(document, *part);
        } else {
            refusals.add("include " + in_quotes(*target), part.error().message);
        }
    }
}

} // namespace meshprobe
