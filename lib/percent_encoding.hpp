// RFC 3986: %NN in the parts of a URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// nullopt: a '%' without two hexadecimal digits, or a zero byte.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Everything but letters, digits and "-._~".
[[nodiscard]] std::string percent_encode(std::string_view text);

} // namespace meshprobe
