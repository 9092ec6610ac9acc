// What a MeshConfig includes, anywhere in it, is merged there.
#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

using nlohmann::json;

/// Existing scalars stay, arrays grow, objects merge.
void merge_into(json& target, const json& addition) {
    for (auto member = addition.begin(); member != addition.end(); ++member) {
        const auto existing = target.find(member.key());
        if (existing == target.end()) {
            target[member.key()] = *member;
        } else if (existing->is_array() && member->is_array()) {
            existing->insert(existing->end(), member->begin(), member->end());
        } else if (existing->is_object() && member->is_object()) {
            merge_into(*existing, *member);
        }
    }
}

class IncludeMerger {
  public:
    IncludeMerger(const std::string& location, const IncludeLookup& lookup, RefusalList& refusals)
        : lookup_(lookup), refusals_(refusals), chain_{location} {}

    void merge(json& value, const std::string& location, std::size_t depth) {
        if (depth > deepest_nesting) return; // merging may nest deeper than each document alone
        if (value.is_object()) {
            std::vector<std::string> includes;
            if (const json* member = find_member(value, "include")) append_include_strings(*member, includes);
            value.erase("include");
            json missing = json::array();
            for (const std::string& include : includes) {
                if (!merge_one(value, location, include, depth)) missing.push_back(include);
            }
            // Nobody knows what it would bring: nothing here is called missing.
            if (!missing.empty()) value["include"] = std::move(missing);
        }
        if (!value.is_structured()) return;
        for (json& member : value)
            merge(member, location, depth + 1);
    }

  private:
    /// false: it could not be had.
    bool merge_one(json& object, const std::string& location, const std::string& include, std::size_t depth) {
        const auto target = resolve_location(location, include);
        if (!target || !budget_.spend()) return false; // the outline reported bad ones
        if (std::ranges::find(chain_, *target) != chain_.end()) {
            refusals_.add("include " + in_quotes(*target),
                          chain_.back() == *target
                              ? "the document includes itself"
                              : fmt::format("a loop: {} includes it, and is itself a part of it",
                                            in_quotes(chain_.back())));
            return true;
        }
        const auto text = lookup_ ? lookup_(*target) : std::nullopt;
        if (!text) return false;
        std::vector<MeshProblem> problems;
        auto part = parse_json_text(*text, &problems);
        for (const MeshProblem& problem : problems)
            refusals_.add(name_of_document(*target), problem.text());
        if (!part || !part->is_object()) {
            refusals_.add("include " + in_quotes(*target),
                          part ? "it is no JSON object" : part.error().message);
            return false;
        }
        // The part's own includes are relative to the part, and are gone once it is merged.
        chain_.push_back(*target);
        merge(*part, *target, depth);
        chain_.pop_back();
        merge_into(object, *part);
        return true;
    }

    const IncludeLookup& lookup_;
    RefusalList& refusals_;
    IncludeBudget budget_;
    std::vector<std::string> chain_; ///< being merged right now: including one of these again is a loop
};

} // namespace

void merge_meshconfig_includes(json& object, std::string_view location, const IncludeLookup& lookup,
                               RefusalList& refusals) {
    const std::string start(location);
    IncludeMerger(start, lookup, refusals).merge(object, start, 0);
}

void find_meshconfig_includes(const json& value, std::vector<std::string>& includes) {
    if (const json* member = find_member(value, "include")) append_include_strings(*member, includes);
    if (!value.is_structured()) return;
    for (const json& member : value)
        find_meshconfig_includes(member, includes);
}

} // namespace meshprobe
