// What back-fills have to say about the ledger of gaps of an instance: backfill/INSTANCE.ledger. A back-fill
// runs beside the regular runs and must not touch their checkpoint, of which the ledger is a part; so it
// notes here what is no gap any longer, and what it could not get. Whoever reads the ledger sees it with the
// note applied, and the next regular run takes the note into its checkpoint, before it records gaps of its
// own, and removes it.
#pragma once

#include "lib/checkpoint/gap.hpp"
#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <functional>
#include <vector>

namespace meshprobe {

struct LedgerNote {
    std::vector<Healing> healed;
    GapLedger gaps; ///< to be added after that

    [[nodiscard]] bool empty() const { return healed.empty() && gaps.empty(); }
};

/// Later words about a range count.
void add_to_note(LedgerNote& note, const LedgerNote& more);
void apply_note(GapLedger& ledger, const LedgerNote& note);

/// Mostly empty.
[[nodiscard]] Result<LedgerNote> read_ledger_note(const Paths& paths, const Instance& instance);

/// Adds, durably.
[[nodiscard]] Status note_in_ledger(const Paths& paths, const Instance& instance, const LedgerNote& more);

/// Hands what is noted to `take` and, once that has succeeded, removes it. Without a note nothing is done.
[[nodiscard]] Status settle_ledger_note(const Paths& paths, const Instance& instance,
                                        const std::function<Status(LedgerNote)>& take);

} // namespace meshprobe
