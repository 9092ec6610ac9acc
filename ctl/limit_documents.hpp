// Whether limit documents of pScheduler can be used: what is wrong with them, their scripts included.
#pragma once

#include "lib/paths.hpp"
#include "probe/limit/pscheduler/data_reader.hpp"

#include <string_view>
#include <vector>

namespace meshprobe {

struct CheckedDocument {
    std::vector<pscheduler::Problem> problems; ///< in the order of the document, then what jq has against it
    std::vector<pscheduler::Problem> remarks;  ///< it can be used all the same
};
[[nodiscard]] CheckedDocument check_limit_document(const Paths& paths, std::string_view text);

} // namespace meshprobe
