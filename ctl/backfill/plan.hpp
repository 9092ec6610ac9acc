// From a wish to the jobs that fulfil it: whose, which time, which holes.
#pragma once

#include "ctl/backfill/standing.hpp"
#include "ctl/backfill/wish.hpp"
#include "lib/backfill/job.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <vector>

namespace meshprobe {

/// In order of the instances; none: there is nothing to fetch. Jobs among `known` that are not finished and
/// mean the same, or a part of it, stand among them as they are; what these bring and what finished ones have
/// brought is not planned again, archive by archive, unless it is wished for again. `BackfillStore`'s lock of
/// planning is held from before `known` was read until what this returns is written down.
[[nodiscard]] Result<std::vector<BackfillJob>> plan_backfill(const Paths& paths, const Config& config,
                                                             const BackfillWish& wish,
                                                             const std::vector<BackfillStanding>& known);

} // namespace meshprobe
