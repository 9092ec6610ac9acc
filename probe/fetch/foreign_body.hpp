// What a server sent instead of the JSON array that was asked for, in words for an error message.
#pragma once

#include <string>
#include <string_view>

namespace meshprobe {

/// `start` is the first few hundred bytes of the body: "an object that says \"Not found.\"",
/// "an HTML page titled \"502 Bad Gateway\"", "nothing", "text beginning \"…\"". One printable ASCII line.
[[nodiscard]] std::string describe_body(std::string_view start);

} // namespace meshprobe
