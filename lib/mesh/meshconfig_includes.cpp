// What a MeshConfig includes, anywhere in it, is merged there.
#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"

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
    IncludeMerger(const IncludeLookup& lookup, RefusalList& refusals)
        : lookup_(lookup), refusals_(refusals) {}

    void merge(json& value, const std::string& location, std::size_t depth) {
        if (depth > deepest_nesting) return; // merging may nest deeper than each document alone
        if (value.is_object()) {
            std::vector<std::string> includes;
            if (const json* member = find_member(value, "include")) append_include_strings(*member, includes);
            value.erase("include");
            for (const std::string& include : includes)
                merge_one(value, location, include, depth);
        }
        if (!value.is_structured()) return;
        for (json& member : value)
            merge(member, location, depth + 1);
    }

  private:
    void merge_one(json& object, const std::string& location, const std::string& include, std::size_t depth) {
        const auto target = resolve_location(location, include);
        if (!target || !budget_.spend()) return; // the outline reported bad ones
        const auto is_open = std::ranges::find(chain_, *target) != chain_.end();
        const auto text = is_open || !lookup_ ? std::nullopt : lookup_(*target);
        if (!text) return;
        auto part = parse_json_text(*text);
        if (!part || !part->is_object()) {
            refusals_.add("include " + in_quotes(*target),
                          part ? "it is no JSON object" : part.error().message);
            return;
        }
        // The part's own includes are relative to the part, and are gone once it is merged.
        chain_.push_back(*target);
        merge(*part, *target, depth);
        chain_.pop_back();
        merge_into(object, *part);
    }

    const IncludeLookup& lookup_;
    RefusalList& refusals_;
    IncludeBudget budget_;
    std::vector<std::string> chain_; ///< being merged right now: including one of these again is a loop
};

} // namespace

void merge_meshconfig_includes(json& object, std::string_view location, const IncludeLookup& lookup,
                               RefusalList& refusals) {
    IncludeMerger(lookup, refusals).merge(object, std::string(location), 0);
}

void find_meshconfig_includes(const json& value, std::vector<std::string>& includes) {
    if (const json* member = find_member(value, "include")) append_include_strings(*member, includes);
    if (!value.is_structured()) return;
    for (const json& member : value)
        find_meshconfig_includes(member, includes);
}

} // namespace meshprobe
