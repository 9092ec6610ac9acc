// One run of pScheduler as the records that reading an archive gives: a subject, and a value for each event
// type (pScheduler: the archiver `esmond`, policy `prefer-mapped`).
//
// What differs from an archive that the same run was stored in:
//   key                 lib/record/identity.hpp's, not the archive's
//   source, destination, measurement_agent
//                       what the document names: no address is looked up, so where it has names these are
//                       names
//   event types that an archive forgets because its metadata did not announce them
//                       packet-rtt, tcp-windowsize, failures of tests that are not mapped: they are there
#pragma once

#include "lib/error.hpp"
#include "lib/pscheduler/event_values.hpp"
#include "lib/record/point.hpp"
#include "lib/record/subject.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct RunRecord {
    SeriesSubject subject;
    Timestamp ts = 0;
    std::vector<EventValue> values;     ///< one for each event type at most
    std::vector<ValueProblem> problems; ///< of values that are none; the others are good
};

/// All that a run of such a test may have values of.
[[nodiscard]] std::span<const std::string_view> event_types_of(std::string_view test_type);

/// `protocol` errors: it is no result, or does not say who measured.
[[nodiscard]] Result<RunRecord> read_run_record(std::string_view document);

} // namespace meshprobe
