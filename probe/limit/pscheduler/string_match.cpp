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

Result<Answer> StringMatch::matches(std::string_view text, const World& world) const {
    bool found = false;
    if (style == Style::regex) {
        if (!world.jq) return Answer::unknown;
        const auto result = world.jq(std::string(regex_program()), {{"re", match}}, std::string(text));
        if (!result && is_fault(result.error())) return fail(result.error());
        if (!result || !*result || !(*result)->is_boolean()) return Answer::unknown;
        found = (*result)->get<bool>();
    } else {
        const std::string wanted = case_insensitive ? lower(match) : match;
        const std::string given = case_insensitive ? lower(text) : std::string(text);
        found = style == Style::exact ? given == wanted : given.find(wanted) != std::string::npos;
    }
    return answer(found != invert);
}

} // namespace meshprobe::pscheduler
