// StringMatch: {"style": "exact"|"contains"|"regex", "match": text, "case-insensitive": …, "invert": …}.
#pragma once

#include "probe/limit/pscheduler/world.hpp"

#include <string>
#include <string_view>

namespace meshprobe::pscheduler {

struct StringMatch {
    enum class Style { exact, contains, regex };
    Style style = Style::exact;
    std::string match;
    bool case_insensitive = false;
    bool invert = false;

    /// A regular expression is one of jq, and searches anywhere in `text`; whether it is one, jq alone can
    /// tell: `unknown` of one that is none, or does not come to an end, inverted or not. Error: jq was not
    /// asked.
    [[nodiscard]] Result<Answer> matches(std::string_view text, const World& world) const;
    /// What jq is asked of a text, with $re.
    [[nodiscard]] std::string_view regex_program() const {
        return case_insensitive ? "test($re; \"i\")" : "test($re)";
    }
};

} // namespace meshprobe::pscheduler
