// What administrators enabled: the links that `systemctl enable meshprobe@HOST.timer` makes.
#pragma once

#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <vector>

namespace meshprobe {

/// Sorted. Links under /etc, and under /run (`systemctl enable --runtime`), to timers whose names are
/// instances exactly as Instance::timer() writes them; nothing else is looked at.
[[nodiscard]] std::vector<Instance> instances_enabled_by_hand(const Paths& paths);

} // namespace meshprobe
