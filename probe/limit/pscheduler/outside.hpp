// The world as it is: jq in processes of its own, DNS, http(s), the interfaces of this machine, and the
// copies of lists that refresh keeps. Every question is asked once, and all of them together are bounded.
#pragma once

#include "lib/paths.hpp"
#include "probe/limit/pscheduler/world.hpp"

namespace meshprobe::pscheduler {

struct WorldBounds {
    Microseconds jq = std::chrono::minutes(1);     ///< all programs together
    Microseconds dns = std::chrono::seconds(10);   ///< all names together
    Microseconds fetch = std::chrono::seconds(20); ///< all of url-fetch together
};

/// `paths` must outlive it.
[[nodiscard]] World outside_world(const Paths& paths, const WorldBounds& bounds = {});

} // namespace meshprobe::pscheduler
