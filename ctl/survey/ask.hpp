// Asks measurement archives what they are and how they are, as a probe would, keeping nothing.
#pragma once

#include "ctl/survey/host.hpp"
#include "lib/paths.hpp"
#include "lib/units_of_measure.hpp"

#include <functional>
#include <vector>

namespace meshprobe::survey {

struct Bounds {
    unsigned at_once = 16;
    std::string proxy;                           ///< as in a configuration; empty: none
    Microseconds host = std::chrono::minutes(1); ///< each
    Microseconds time =
        std::chrono::minutes(30); ///< together; those that are not begun by then are not asked
};

/// In the order of `places`. Any certificate will do, and plain http where there is nothing else: nothing is
/// sent that would have to be kept from anybody.
[[nodiscard]] std::vector<HostReport> ask_all(const Paths& paths, const std::vector<Place>& places,
                                              const Bounds& bounds, const std::function<bool()>& stop);

} // namespace meshprobe::survey
