// From a wish to the jobs that fulfil it: whose, which time, which holes.
#pragma once

#include "ctl/backfill/standing.hpp"
#include "ctl/backfill/wish.hpp"
#include "lib/backfill/job.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace meshprobe {

/// In order of the instances; none: there is nothing to fetch. Jobs among `known` that are not finished and
/// mean the same, or a part of it, stand among them as they are; what finished ones have brought is not
/// planned again, unless it is wished for again.
[[nodiscard]] Result<std::vector<BackfillJob>> plan_backfill(const Paths& paths, const Config& config,
                                                             const BackfillWish& wish,
                                                             const std::vector<BackfillStanding>& known);

/// The holes that a ledger has in a range, together where the same archives miss them. Exported for tests.
struct HolesOf {
    std::set<std::string> archives;
    std::vector<BackfillRange> ranges;
};
[[nodiscard]] std::vector<HolesOf> holes_of(const GapLedger& ledger, const BackfillWish& wish,
                                            const std::vector<std::string>& archives);

} // namespace meshprobe
