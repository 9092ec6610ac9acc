// Where a mesh document comes from: an absolute http(s) URL or an absolute path of a file. Includes may be
// written relative to the document that names them. What came over the network never names a file.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

[[nodiscard]] bool is_url(std::string_view location);

/// In its normal form, so that the same document has the same location everywhere: host in lower case,
/// default port and fragment dropped, "." and ".." resolved; "file://…" becomes a path.
[[nodiscard]] Result<std::string> normal_location(std::string_view location);

/// `include` as `base` (itself a location in normal form) writes it.
[[nodiscard]] Result<std::string> resolve_location(std::string_view base, std::string_view include);

} // namespace meshprobe
