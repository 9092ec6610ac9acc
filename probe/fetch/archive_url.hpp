// Where a host's measurement archive is, and where its documents send us. Documents come from strangers: of a
// URI in them only the path and query count, and only if it is a plain one; scheme, host and port stay those
// we asked.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// What to try, in this order: each archive over https and, if `http_fallback`, then over http; `remembered`
/// (the URL that worked last, if it is still among them) first. `archives` as in HostRecord, each with a
/// trailing slash.
[[nodiscard]] std::vector<std::string> candidate_urls(const std::vector<std::string>& archives,
                                                      const std::string& remembered, bool http_fallback);

/// Another service of the hosts of `archives`, below `path` ("/opensearch/"), each once, in the same order.
[[nodiscard]] std::vector<std::string> service_urls(const std::vector<std::string>& archives,
                                                    std::string_view path, const std::string& remembered,
                                                    bool http_fallback);

/// Both name the same archive, whatever the scheme.
[[nodiscard]] bool differ_in_scheme_only(std::string_view a, std::string_view b);

/// `uri` of a document (a path, or an absolute URL whose host is ignored) below the scheme and host of
/// `archive_url`. `protocol` error for anything that is no plain absolute path: "..", percent signs,
/// backslashes, blanks …
[[nodiscard]] Result<std::string> resolve(std::string_view archive_url, std::string_view uri);

} // namespace meshprobe
