// What a checkpoint knows, and what a commit changes about it.
#pragma once

#include "lib/checkpoint/series_table.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

struct SeriesChange {
    std::string series;
    std::vector<Timestamp> sent;  ///< new points, ascending
    Timestamp complete_until = 0; ///< 0: unchanged; goes back only with `begins_anew`
    Timestamp updated = 0;        ///< 0: unchanged; else SeriesMarks::updated becomes this
    bool begins_anew = false; ///< a `complete_until` before the known one replaces it and all that was known
};

/// A time range that was skipped on purpose; `series` empty: the whole host.
struct Gap {
    std::string series;
    Timestamp since = 0;
    Timestamp until = 0;
    std::string reason; ///< "catch-up", "quota", …
    auto operator<=>(const Gap&) const = default;
};

/// Facts about the host that outlive a run; unchanged ones cause no write.
struct Progress {
    Timestamp since = 0;        ///< where collecting this host began: nothing older is ever asked for
    Timestamp polled_until = 0; ///< metadata updates up to this server time have been looked at
    Timestamp reread_at = 0;    ///< when the longer re-read was last complete, server time
    std::string archive_url;    ///< the URL, with scheme, that worked last
    std::string flavour;        ///< "esmond", "elmond"; empty: not known yet
    bool operator==(const Progress&) const = default;
};

struct CheckpointState {
    SeriesTable series;
    Progress progress;
    std::vector<Gap> gaps;      ///< sorted; those of one series and reason neither overlap nor touch
    std::int64_t last_usec = 0; ///< the greatest time that a name or a run id was made from

    /// False if that much is recorded already.
    bool add_gap(const Gap& gap);
};

} // namespace meshprobe
