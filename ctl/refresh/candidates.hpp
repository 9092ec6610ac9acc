// Under which URLs a document may be had: publishers of meshes sit behind proxies, and name themselves
// wrongly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Includer {
    std::string location; ///< of the including document; empty: the mesh's own URL, which is taken as it is
    bool is_list = false;
};

/// Best first. `worked`: the URL that worked last time, empty if none did.
///
/// - http:// in what an https service published may come from its not knowing that it is behind a proxy:
///   https is tried as well, and first if it is the same host. Never the other way round.
/// - a publisher's URL (…/config/NAME, …/auto/HOST without a query) in a list is asked for the pSConfig
///   form, then as it stands.
[[nodiscard]] std::vector<std::string> candidate_urls(std::string_view location, const Includer& includer,
                                                      std::string_view worked);

} // namespace meshprobe
