// Words for messages: what was probably meant, and text of others made fit to be shown.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// The known word nearest to `word`, or nothing if none is near: at most a third of its letters differ, where
/// exchanging two neighbours, case, and '_' for '-' count little.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// ` (did you mean "interval"?)`, or nothing.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> known);

/// "\"5 parsecs\"", cut at 60 characters, control characters made visible.
[[nodiscard]] std::string quote(std::string_view text);

/// "a, b and c"
[[nodiscard]] std::string enumerate(std::span<const std::string_view> words, std::string_view conjunction);

} // namespace meshprobe
