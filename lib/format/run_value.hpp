// Values as the result of a run has them: the way back from event types to what a tool told (the way there is
// lib/pscheduler), for the formats that are documents of runs.
#pragma once

#include "lib/json_text/json_value.hpp"
#include "lib/record/subject.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// More round trips are not written out one by one.
inline constexpr std::size_t most_round_trips = 10'000;

/// `"source":…,"dest":…` and what else of the test's specification decides how its result is read: `udp`,
/// `probe-type`, `algorithm`.
[[nodiscard]] std::string spec_members(const EntryMeta& meta, std::string_view test,
                                       std::string_view event_type);
/// `,"parallel":2`, if the value is one of several streams; else empty.
[[nodiscard]] std::string parallel_member(std::string_view event_type, const JsonValue& value);

/// pScheduler's form of the value: intervals, streams, paths, round trips, numbers. nullopt: it is none of
/// what the event type has, so a result has no place for it.
[[nodiscard]] std::optional<std::string> run_value(std::string_view event_type, const JsonValue& value);

/// Appends `"result":{…}`: a failure, a complete result (`pscheduler-raw`), or one that succeeded with
/// `members` (`"a":…,"b":…`; may be empty).
void append_result(std::string& body, std::string_view event_type, const JsonValue& value,
                   std::string_view members);

/// Where the run is found: the JSON of the URL that an event type `pscheduler-run-href` is about; else empty.
[[nodiscard]] std::string run_href_of(std::string_view event_type, const JsonValue& value);

} // namespace meshprobe
