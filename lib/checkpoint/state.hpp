// What a checkpoint knows, and what a commit changes about it.
#pragma once

#include "lib/checkpoint/gap.hpp"
#include "lib/checkpoint/series_table.hpp"

#include <cstdint>
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
    GapLedger gaps;
    std::int64_t last_usec = 0; ///< the greatest time that a name or a run id was made from
};

} // namespace meshprobe
