#include "probe/limit/pscheduler/string_match.hpp"

#include <algorithm>

namespace meshprobe::pscheduler {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

} // namespace

bool StringMatch::matches(std::string_view text, const World& world) const {
    if (style == Style::regex) {
        if (!world.jq) return false;
        const auto found =
            world.jq(case_insensitive ? "test($re; \"i\")" : "test($re)", {{"re", match}}, std::string(text));
        return found && *found && **found == !invert;
    }
    const std::string wanted = case_insensitive ? lower(match) : match;
    const std::string given = case_insensitive ? lower(text) : std::string(text);
    const bool found = style == Style::exact ? given == wanted : given.find(wanted) != std::string::npos;
    return found != invert;
}

} // namespace meshprobe::pscheduler
