// What limit documents refer to by URL: fetched when it is due, and the last good copy kept for the probes.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"

#include <functional>

namespace meshprobe {

/// Of all limits of type pscheduler. What cannot be had is told in the journal when that is news; an error is
/// one of this machine.
[[nodiscard]] Status refresh_limit_lists(const Paths& paths, const Config& config, const Journal& journal,
                                         const std::function<bool()>& stop);

} // namespace meshprobe
