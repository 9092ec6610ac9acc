// What somebody typed after "meshprobectl backfill".
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/command_line.hpp"
#include "lib/error.hpp"

#include <optional>
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
    bool refetch = false; ///< only gaps of want of room, of archives that want them fetched; implies gaps
    bool again = false;
    std::vector<std::string> event_types;
    std::vector<std::string> archives;
};

/// `usage` errors say which option is wrong, and how.
[[nodiscard]] Result<BackfillWish> read_wish(const CommandLine& line, Timestamp now);

} // namespace meshprobe
