// What each archive is to get of an instance, and what it has, or is about to get from other jobs: put
// together so that each second is fetched once for all archives that lack it, and delivered to none that does
// not.
#pragma once

#include "ctl/backfill/standing.hpp"
#include "ctl/backfill/wish.hpp"
#include "lib/checkpoint/gap.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

[[nodiscard]] inline bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// Of one archive.
struct BackfillLack {
    std::vector<BackfillRange> ranges;
    std::vector<BackfillRange> brought; ///< of these ranges, some series
};

/// Of several archives that lack the same: a job.
struct BackfillPart {
    std::set<std::string> archives;
    std::vector<BackfillRange> ranges;
    std::vector<BackfillRange> brought;
};
[[nodiscard]] std::vector<BackfillPart> by_archives(const std::map<std::string, BackfillLack>& lacks);

/// What a job has brought to an archive, or will bring, of what is wished for.
[[nodiscard]] std::vector<BackfillRange> what_brings(const BackfillStanding& standing,
                                                     const BackfillWish& wish, const std::string& archive);

/// Takes what others bring off what an archive lacks; true if there was any of it.
bool take_off(BackfillLack& lack, const std::vector<BackfillRange>& brought);

/// The holes that the ledger has for an archive: one of the whole host hides those of its series.
[[nodiscard]] BackfillLack holes_of(const GapLedger& ledger, const BackfillWish& wish,
                                    const std::string& archive);

} // namespace meshprobe
