// What both kinds of messages of format `raw` begin with.
#pragma once

#include "lib/record/subject.hpp"

#include <chrono>
#include <string>

namespace meshprobe {

/// From the bracket that opens the message up to the rsv-timestamp.
[[nodiscard]] std::string raw_head(const SeriesSubject& subject);
/// Seconds with six decimals.
void append_published(std::string& out, std::chrono::system_clock::time_point published);

} // namespace meshprobe
