// The ledger of gaps of an instance: which range of which series is missing from which archive, and why.
// Catching up, quotas and coverage write into it; what fetches such a range later heals it, and the ledger
// keeps exactly what is still missing. It is part of the checkpoint, committed and read with it.
//
// Bounded, and never short: a ledger that grows past its limit says more than is missing, not less.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

namespace meshprobe {

/// A time range, `since` included and `until` not, that was skipped; `series` empty: the whole host.
struct Gap {
    std::string series;
    Timestamp since = 0;
    Timestamp until = 0;
    std::string reason;       ///< "catch-up", "quota", "silent", …
    std::string archive = {}; ///< that misses it; empty: whatever archive the task feeds
    auto operator<=>(const Gap&) const = default;
};

/// What was fetched after all; `series` empty: everything the host has of that range; `archive` empty: into
/// every archive that misses it.
struct Healing {
    std::string series;
    std::string archive;
    Timestamp since = 0;
    Timestamp until = 0;
    bool operator==(const Healing&) const = default;
};

/// Sorted; those of one series, archive and reason neither overlap nor touch.
using GapLedger = std::vector<Gap>;

inline constexpr std::size_t most_gaps = 1000; ///< of an instance: 100 kB of checkpoint at most

/// False if that much is recorded already. Past the limit those of one kind that lie nearest to each other
/// become one; where each is of a kind of its own, gaps of series become gaps of the whole host.
bool add_gap(GapLedger& ledger, const Gap& gap);

/// Cuts the range out of what it concerns; false if nothing was recorded of it.
bool heal_gaps(GapLedger& ledger, const Healing& healing);

} // namespace meshprobe
