// Which intervals a calendar timer can repeat evenly.
#pragma once

#include "lib/units_of_measure.hpp"

namespace meshprobe {

/// The largest one that is not larger: whole seconds that divide a minute, whole minutes that divide an hour,
/// or whole hours that divide a day. At least 1 s, at most 1 d.
[[nodiscard]] Microseconds round_interval(Microseconds interval);

} // namespace meshprobe
