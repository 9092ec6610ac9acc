// A subject's members as texts rather than JSON, and as members of an object.
#pragma once

#include "lib/record/subject.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

/// "a.example.net" of "\"a.example.net\""; scalars as they are; empty: unknown.
[[nodiscard]] std::string text_of(const std::string& json_text);

/// IPv4 or IPv6, in text.
[[nodiscard]] bool is_address(const std::string& text);

/// The type of test; where the archive does not tell, the one that has this event type.
[[nodiscard]] std::string test_type_of(std::string_view told, std::string_view event_type);

/// Whole seconds of UTC: "2026-05-19T14:00:05Z".
[[nodiscard]] std::string iso_time(std::int64_t unix_seconds);

/// Appends `,"NAME":JSON` (without the comma behind a bracket) if there is any JSON.
void append_member(std::string& out, std::string_view name, std::string_view json);

} // namespace meshprobe
