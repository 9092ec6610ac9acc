// The report for people, and for programs.
#pragma once

#include "ctl/status/report.hpp"

#include <string>

namespace meshprobe::status {

struct Style {
    bool legend = true;     ///< headings, totals, what to do
    bool detailed = false;  ///< hosts were named: everything about them
    std::size_t width = 80; ///< 0: nothing is cut
};

[[nodiscard]] std::string as_text(const Report& report, const Style& style);
/// Times in UTC; documented in meshprobectl(1).
[[nodiscard]] std::string as_json(const Report& report);

} // namespace meshprobe::status
