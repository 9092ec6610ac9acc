// Where a mesh document comes from: an absolute http(s) URL or an absolute path of a file. Includes may be
// written relative to the document that names them. What came over the network never names a file.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

/// An administrator's URL, taken apart: https://USER:PASSWORD@HOST/PATH.
struct UrlWithLogin {
    std::string url;   ///< without the login
    std::string login; ///< "USER:PASSWORD", decoded; empty: it has none

    /// Whether the login may be shown to `other`: only to the server it is meant for, and never over http
    /// when it is meant for https.
    [[nodiscard]] bool is_for(std::string_view other) const;
};
/// What is no URL is left as it is.
[[nodiscard]] Result<UrlWithLogin> split_login(std::string_view url);

[[nodiscard]] bool is_url(std::string_view location);

/// In its normal form, so that the same document has the same location everywhere: host in lower case,
/// default port and fragment dropped, "." and ".." resolved; "file://…" becomes a path.
[[nodiscard]] Result<std::string> normal_location(std::string_view location);

/// `include` as `base` (itself a location in normal form) writes it.
[[nodiscard]] Result<std::string> resolve_location(std::string_view base, std::string_view include);

} // namespace meshprobe
