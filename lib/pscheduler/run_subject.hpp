// Who measured what towards whom.
#pragma once

#include "lib/error.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "lib/record/subject.hpp"

namespace meshprobe {

/// Which tests have event types of their own, and hence two ends; all others are of a network element.
[[nodiscard]] bool is_point_to_point(std::string_view test_type);

[[nodiscard]] Result<SeriesSubject> subject_of(const RunDocument& document);

} // namespace meshprobe
