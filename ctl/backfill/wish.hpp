// From what somebody typed to the jobs of a back-fill: whose, which time, which holes.
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/command_line.hpp"
#include "lib/config/load.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

struct BackfillWish {
    std::vector<std::string> hosts; ///< names or globs; empty: all
    std::optional<std::string> task;
    std::optional<Timestamp> since;
    std::optional<Timestamp> until;
    std::string words; ///< as typed, in a fixed form: the same words mean the same job
    bool gaps = false;
    bool again = false;
    std::vector<std::string> event_types;
    std::vector<std::string> archives;
};

/// `usage` errors say which option is wrong, and how.
[[nodiscard]] Result<BackfillWish> read_wish(const CommandLine& line, Timestamp now);

/// Holes of one instance that the same archives miss are one job; at most one for each instance otherwise.
/// `taken`: jobs that are not finished; the gaps that they are about are not planned again. In order of the
/// instances; none: there is nothing to fetch.
[[nodiscard]] Result<std::vector<BackfillJob>> plan_backfill(const Paths& paths, const Config& config,
                                                             const BackfillWish& wish,
                                                             const std::vector<BackfillJob>& taken);

/// The holes that a ledger has in a range, by the archives that miss them. Exported for tests.
struct HolesOf {
    std::set<std::string> archives;
    std::vector<BackfillRange> ranges;
};
[[nodiscard]] std::vector<HolesOf> holes_of(const GapLedger& ledger, const BackfillWish& wish,
                                            const std::vector<std::string>& archives);

} // namespace meshprobe
