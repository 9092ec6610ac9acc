// What a template includes is merged into it.
#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"

#include <array>
#include <deque>
#include <set>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 10> sections{
    "addresses", "address-classes", "archives", "contexts", "groups",
    "hosts",     "schedules",       "subtasks", "tasks",    "tests"};

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
    struct Pending {
        std::string base;
        std::string include;
    };
    std::deque<Pending> pending;
    const auto queue = [&](const json& holder, const std::string& base) {
        std::vector<std::string> includes;
        if (const json* member = find_member(holder, "includes")) append_include_strings(*member, includes);
        for (std::string& include : includes)
            pending.push_back({base, std::move(include)});
    };
    queue(document, std::string(location));
    std::set<std::string> seen{std::string(location)};
    IncludeBudget budget;
    // First all that the document itself includes, as upstream would merge it; what those include comes
    // behind.
    for (; !pending.empty(); pending.pop_front()) {
        const auto target = resolve_location(pending.front().base, pending.front().include);
        if (!target || !seen.insert(*target).second || !budget.spend())
            continue; // the outline reported bad ones
        const auto text = lookup ? lookup(*target) : std::nullopt;
        if (!text) continue;
        const auto part = parse_json_text(*text);
        if (!part) {
            refusals.add("include " + in_quotes(*target), part.error().message);
            continue;
        }
        merge_part(document, *part);
        queue(*part, *target);
    }
}

} // namespace meshprobe
