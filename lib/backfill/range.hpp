// A stretch of time of a host's results, of all of its series or of some: what back-fills are made of.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// `since` included and `until` not, seconds since 1970.
struct BackfillRange {
    std::string series; ///< "KEY EVENT-TYPE"; " EVENT-TYPE": all of that type; empty: all of the host
    Timestamp since = 0;
    Timestamp until = 0;
    /// It was fetched once and lost on the way to the archive (quota, transform): that the checkpoint of the
    /// regular runs knows it as sent does not count.
    bool lost = false;
    bool operator==(const BackfillRange&) const = default;
};

/// Whether the range says something of this series.
[[nodiscard]] bool concerns(const BackfillRange& range, std::string_view series);

/// What is left of a range where the others, of whatever series, are cut off; ascending.
[[nodiscard]] std::vector<BackfillRange> without(const BackfillRange& range,
                                                 const std::vector<BackfillRange>& others);

} // namespace meshprobe
