// Words for messages: what was probably meant, and text of others made fit to be shown.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// ` (did you mean "interval"?)`, or nothing if no known word is near: at most a third of the letters may
/// differ, where exchanging two neighbours counts once, and case and '_' for '-' not at all.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> known);

/// "\"5 parsecs\"", cut at 60 characters, control characters made visible.
[[nodiscard]] std::string quote(std::string_view text);

/// "a, b and c"
[[nodiscard]] std::string enumerate(std::span<const std::string_view> words, std::string_view conjunction);

} // namespace meshprobe
