#include "lib/pscheduler/test_values.hpp"

namespace meshprobe {

void map_latency(const TestRun& run, EventValues& values) {
    const auto& result = run.result;
    values.add_histogram("histogram-owdelay", result["histogram-latency"]);
    values.add_histogram("histogram-ttl", result["histogram-ttl"]);
    values.add_integer("packet-count-sent", result["packets-sent"]);
    values.add_integer("packet-count-lost", result["packets-lost"]);
    values.add_integer("packet-reorders", result["packets-reordered"]);
    values.add_integer("packet-duplicates", result["packets-duplicated"]);
    values.add_float("time-error-estimates", result["max-clock-error"]);
    values.add_rate("packet-loss-rate", result["packets-lost"], result["packets-sent"], result["loss"]);
}

} // namespace meshprobe
