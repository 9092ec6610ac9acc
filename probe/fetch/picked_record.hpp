// What the jq program of the source `http` picks from a document: a result, with what it is about.
//
//   {"event-type":"throughput","ts":1700000000,"val":9.4e9[,"source":"a.example.org"][,"destination":…]
//    [,"input-source":…][,"input-destination":…][,"measurement-agent":…][,"tool-name":…][,"subject-type":…]
//    [,"pscheduler-test-type":…][,"time-duration":…][,"ip-transport-protocol":…][,"metadata-key":…]}
//
// The names are those of an esmond archive. Whatever else there is, is passed over.
#pragma once

#include "lib/error.hpp"
#include "lib/json_text/json_value.hpp"
#include "lib/pscheduler/run_record.hpp"

#include <string_view>

namespace meshprobe {

/// `ts` in seconds, as a number (a fraction is cut off) or as ISO 8601 does. Where a record does not say, the
/// source and the measurement agent are `host`, the inputs are source and destination, the subject is
/// point-to-point if there is a destination and else a network-element, and the key is that of
/// lib/record/identity.hpp. `value` as JsonObject wants it. `protocol` errors say which member is wrong.
[[nodiscard]] Result<RunRecord> read_picked_record(const JsonValue& value, std::string_view host);

} // namespace meshprobe
