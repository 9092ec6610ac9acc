// One try to reach a target as its service would, leaving nothing behind: no key is remembered, nothing is
// read beyond the first answer.
#pragma once

#include "ctl/connect/target.hpp"

#include <functional>
#include <string>
#include <vector>

namespace meshprobe {

/// What a firewall has to let out, and in as answers, from the unit to here.
struct Opening {
    std::string host;
    std::string family;  ///< "IPv4", "IPv6"; empty: the name does not resolve
    std::string address; ///< as it resolves now
    std::uint16_t port = 0;
    std::string protocol = "tcp"; ///< or "udp"

    auto operator<=>(const Opening&) const = default;
};

struct Attempt {
    Target target;
    std::string via; ///< the proxy, or the address that connect-to gives; empty: none
    std::vector<Opening> openings;
    std::string trust;              ///< "certificate verifies", "remembered key", …
    long status = 0;                ///< HTTP; 0: none
    std::string answer = "answers"; ///< what can be said if there is no error
    std::string error;              ///< empty: it answered as it should

    [[nodiscard]] bool is_good() const { return error.empty(); }
};

/// In the order of `targets`, at most `at_once` at a time; those that are not begun when `stop` says so, or
/// within `time`, have an error that says it.
[[nodiscard]] std::vector<Attempt> try_all(const Paths& paths, const std::vector<Target>& targets,
                                           unsigned at_once, Microseconds time,
                                           const std::function<bool()>& stop);

} // namespace meshprobe
