// Where a value stands in the result of a test: pScheduler and perfSONAR's OpenSearch documents have one
// document for a run, of which an event type is one member.
#pragma once

#include "lib/json_text/json_value.hpp"

#include <span>
#include <string>
#include <string_view>

namespace meshprobe {

struct ValuePlace {
    std::string_view test; ///< a type of test; empty: any that has this event type
    std::string_view event_type;
    std::string_view path; ///< "summary.summary.throughput-bits"
};

/// Of the table; the event type's own name if it is not there.
[[nodiscard]] std::string_view path_of(std::span<const ValuePlace> places, std::string_view test,
                                       std::string_view event_type);

/// `"a":{"b":JSON}` of the path "a.b".
[[nodiscard]] std::string member_at(std::string_view path, std::string_view json);

/// Counters are floats in esmond; whole numbers here: 600, not 600.0.
void append_number(std::string& out, const JsonValue& value);

} // namespace meshprobe
