// Whether limit documents of pScheduler can be used: what is wrong with them, their scripts included.
#pragma once

#include "probe/limit/pscheduler/data_reader.hpp"

#include <string_view>
#include <vector>

namespace meshprobe {

/// In the order of the document, then its scripts.
[[nodiscard]] std::vector<pscheduler::Problem> problems_of_limit_document(std::string_view text);

} // namespace meshprobe
