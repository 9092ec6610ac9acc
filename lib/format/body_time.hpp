// When the points of a message were measured, told from its body: for the ledger, when a spool drops messages
// that nobody read.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"

#include <optional>
#include <string_view>

namespace meshprobe {

/// Of the first and of the last point. nullopt: it does not tell, as what a transform made ("raw+NAME").
[[nodiscard]] std::optional<Timestamp> oldest_time(std::string_view format, std::string_view body);
[[nodiscard]] std::optional<Timestamp> newest_time(std::string_view format, std::string_view body);

} // namespace meshprobe
