// The last good copy of a list that limit documents refer to by URL: mesh/lists/NAME, one JSON object.
// Refresh fetches and writes them, probes only read: a list that cannot be had does not hold up a run, and a
// thousand probes are one request.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

struct LimitList {
    std::string key;                 ///< the URL, and what is made of what it holds
    std::optional<std::string> text; ///< nullopt: it was never fetched
    std::int64_t fetched_usec = 0;   ///< UNIX time
    std::int64_t tried_usec = 0;
    std::string error; ///< of the last try; empty: it succeeded
};

inline constexpr std::size_t largest_limit_list = 16U << 20;

/// nullopt: nobody has tried it yet.
[[nodiscard]] Result<std::optional<LimitList>> read_limit_list(const Paths& paths, const std::string& key);
[[nodiscard]] Status write_limit_list(const Paths& paths, const LimitList& list);
/// Removes those that are not among `keys`.
[[nodiscard]] Status tidy_limit_lists(const Paths& paths, const std::vector<std::string>& keys);

} // namespace meshprobe
