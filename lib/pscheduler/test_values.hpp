// From the specification and the result of one type of test to event types: what pScheduler's archiver
// `esmond` makes of a run that succeeded. One file for each type; all others have their complete result only.
#pragma once

#include "lib/json_text/json_object.hpp"
#include "lib/pscheduler/event_values.hpp"

namespace meshprobe {

struct TestRun {
    JsonObject spec;
    JsonObject result;
};

void map_throughput(const TestRun& run, EventValues& values);
void map_latency(const TestRun& run, EventValues& values); ///< latencybg, too
void map_rtt(const TestRun& run, EventValues& values);
void map_trace(const TestRun& run, EventValues& values);

} // namespace meshprobe
