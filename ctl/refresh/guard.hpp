// The shrink guard: a mesh that loses many hosts at once, or within a day, is more likely broken than shrunk.
// Then removals wait for a person, however long that takes, while additions go on.
#pragma once

#include "lib/mesh/state.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

struct Membership {
    std::set<std::string> hosts; ///< in force, held ones included
    std::map<std::string, std::int64_t, std::less<>> held;
    std::map<std::string, Moment, std::less<>> removed;
};

struct GuardDecision {
    Membership next;
    std::vector<std::string> added;
    std::vector<std::string> removed;
    std::vector<std::string> newly_held;
};

/// Up to this many of `hosts` may vanish within 24 h: max(5, 20 %).
[[nodiscard]] bool is_suspicious(std::size_t vanished, std::size_t hosts);

/// `offered`: what the mesh names now. Removals are held if, together with those of the last 24 h and those
/// held already, they are suspicious, or if nothing at all is offered any more. What is held stays held until
/// it is offered again or accepted; no clock releases it.
[[nodiscard]] GuardDecision guard(const Membership& last, const std::set<std::string>& offered,
                                  const Moment& now);

/// What the guard looks at in a state.
[[nodiscard]] Membership membership_of(const MeshState& state);

/// meshprobectl mesh accept: the held hosts go, and the day's count begins anew. Returns the hosts that went.
std::vector<std::string> accept_removals(MeshState& state, const Moment& now);

} // namespace meshprobe
