// What administrators decided about single instances: the links that `systemctl enable meshprobe@HOST.timer`
// and `systemctl mask meshprobe@HOST.timer` make.
#pragma once

#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <vector>

namespace meshprobe {

/// Sorted. Links under /etc, and under /run (`systemctl enable --runtime`), to timers whose names are
/// instances exactly as Instance::timer() writes them; nothing else is looked at.
[[nodiscard]] std::vector<Instance> instances_enabled_by_hand(const Paths& paths);

/// Sorted. Links to /dev/null in the place of such timers, under /etc and under /run.
[[nodiscard]] std::vector<Instance> instances_masked(const Paths& paths);
/// The same for one, or for its template, which masks all instances of the task.
[[nodiscard]] bool is_masked(const Paths& paths, const Instance& instance);

} // namespace meshprobe
