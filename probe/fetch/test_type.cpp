#include "probe/fetch/test_type.hpp"

#include <algorithm>

namespace meshprobe {

void TestClues::add(std::string_view event_type) {
    const auto is = [event_type](std::string_view name) { return event_type == name; };
    throughput_ = throughput_ || event_type.starts_with("throughput") ||
                  event_type.starts_with("packet-retransmits") || event_type.starts_with("streams-");
    trace_ = trace_ || event_type.starts_with("packet-trace") || is("path-mtu");
    round_trip_ =
        round_trip_ || is("histogram-rtt") || is("histogram-ttl-reverse") || event_type.ends_with("-bidir");
    one_way_ = one_way_ || is("histogram-owdelay") || is("histogram-ttl") || is("time-error-estimates") ||
               is("packet-loss-rate");
}

bool TestClues::is_of(const std::vector<std::string>& tests, std::string_view named) const {
    const auto wanted = [&tests](std::string_view type) {
        return std::ranges::find(tests, type) != tests.end();
    };
    if (!named.empty()) return wanted(named);
    // One over UDP has a loss rate, too: so the order matters.
    if (throughput_) return wanted("throughput") || wanted("disk-to-disk");
    if (trace_) return wanted("trace");
    if (round_trip_) return wanted("rtt");
    return one_way_ && (wanted("latency") || wanted("latencybg"));
}

} // namespace meshprobe
