// When the oldest point of a message was measured, told from its body: for the ledger, when a spool drops
// messages that nobody read.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"

#include <optional>
#include <string_view>

namespace meshprobe {

/// nullopt: it does not tell, as what a transform made ("raw+NAME").
[[nodiscard]] std::optional<Timestamp> oldest_time(std::string_view format, std::string_view body);

} // namespace meshprobe
