#include "lib/json_text/json_object.hpp"

#include <algorithm>
#include <map>

namespace meshprobe {

namespace {

/// A few names are compared faster than they are sorted.
constexpr std::size_t few = 16;

void drop_repeated(std::vector<JsonObject::Member>& members) {
    std::map<std::string_view, std::size_t> places;
    std::size_t kept = 0;
    for (const auto& member : members) {
        const auto [place, is_new] = places.emplace(member.first, kept);
        if (is_new) {
            members[kept++] = member;
        } else {
            members[place->second].second = member.second;
        }
    }
    members.resize(kept);
}

} // namespace

JsonObject::JsonObject(const JsonValue& value) {
    if (!value.text.starts_with('{')) return;
    JsonCursor cursor(value.text);
    bool repeats = false;
    const bool is_complete = for_each_member(cursor, [&](std::string_view name, const JsonValue& member) {
        if (name.starts_with('#')) return;
        repeats = repeats || members_.size() >= few ||
                  std::ranges::find(members_, name, &Member::first) != members_.end();
        members_.emplace_back(name, member);
    });
    if (!is_complete) members_.clear();
    if (repeats) drop_repeated(members_);
}

JsonValue JsonObject::operator[](std::string_view name) const {
    const auto found = std::ranges::find(members_, name, &Member::first);
    return found == members_.end() ? JsonValue{} : found->second;
}

bool JsonObject::has(std::string_view name) const {
    const auto value = (*this)[name];
    return !value.text.empty() && !value.is_null();
}

std::vector<JsonValue> elements_of(const JsonValue& value) {
    std::vector<JsonValue> elements;
    if (!value.text.starts_with('[')) return elements;
    for_each_element(
        value.text,
        [&](JsonCursor& cursor) {
            const auto element = cursor.value();
            if (element) elements.push_back(*element);
            return element.has_value();
        },
        [](std::string_view) {});
    return elements;
}

bool is_truthy(const JsonValue& value) {
    const auto text = value.text;
    if (text.empty() || text == "null" || text == "false" || text == "\"\"") return false;
    if (text.front() == '{') return !JsonObject(value).members().empty();
    if (text.front() == '[') return !elements_of(value).empty();
    if (!value.is_number()) return true;
    const auto mantissa = text.substr(0, text.find_first_of("eE"));
    return mantissa.find_first_of("123456789") != std::string_view::npos;
}

} // namespace meshprobe
