// The world as it is: jq in processes of its own, DNS, http(s), the interfaces of this machine, and the
// copies of lists that refresh keeps. Every question is asked once, and all of them together are bounded;
// what comes after that is not asked, which is an error that says so.
#pragma once

#include "lib/paths.hpp"
#include "probe/limit/pscheduler/world.hpp"

namespace meshprobe::pscheduler {

struct WorldBounds {
    Microseconds jq = std::chrono::minutes(1);     ///< all programs together
    Microseconds dns = std::chrono::seconds(10);   ///< all names together
    Microseconds fetch = std::chrono::seconds(20); ///< all of url-fetch together
    std::string jq_helper = {};                    ///< as JqOptions has it
};

/// `paths` must outlive it.
[[nodiscard]] World outside_world(const Paths& paths, const WorldBounds& bounds = {});

} // namespace meshprobe::pscheduler
