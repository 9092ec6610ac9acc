// What a slice changes about the ledger of gaps.
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/backfill/slices.hpp"
#include "lib/checkpoint/gap.hpp"
#include "lib/checkpoint/ledger_note.hpp"
#include "probe/backfill/slice_source.hpp"

namespace meshprobe {

/// Recorded gaps (`recorded`: the ledger of the regular runs) are healed as far as the slice brought them;
/// what was not asked for or was left to the regular runs stays one. What failed, or was lost on its way to
/// an archive (`lost_now`: the ledger of the job's own checkpoint), becomes one.
[[nodiscard]] LedgerNote ledger_changes(const BackfillJob& job, const BackfillSlice& slice,
                                        const SliceResult& result, const GapLedger& recorded,
                                        const GapLedger& lost_now);

} // namespace meshprobe
