// Which names stand for one measurement archive.
#pragma once

#include "ctl/survey/host.hpp"

#include <vector>

namespace meshprobe::survey {

/// Names that list the same metadata keys, which are unique, or that have the same addresses and port: the
/// first by name stands for the others. Nine of ten keys are enough, for they were listed at different times.
/// Pure.
void find_aliases(std::vector<HostReport>& hosts);

} // namespace meshprobe::survey
