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

    /// A regular expression is one of jq, and searches anywhere in `text`. One that is none matches nothing,
    /// inverted or not.
    [[nodiscard]] bool matches(std::string_view text, const World& world) const;
};

} // namespace meshprobe::pscheduler
