// What one run saw and did, in numbers, for its report.
#pragma once

#include "lib/checkpoint/state.hpp"
#include "lib/error.hpp"
#include "probe/limit/limit_set.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace meshprobe {

struct Tally {
    /// It was read run by run: what failed are results, and what was skipped are results, too.
    bool counts_results = false;
    std::uint64_t series_read = 0;
    std::uint64_t series_failed = 0; ///< or with elements that were no points
    std::string first_failure;       ///< "KEY EVENT-TYPE: why"
    std::uint64_t duplicates = 0;    ///< received again, not sent again
    std::uint64_t conflicts = 0;     ///< of these, with another value than before in the same run
    std::vector<LimitCount> limits;  ///< what each of them did
    std::uint64_t future = 0;        ///< more than 12 h ahead of the server's clock
    std::uint64_t before_epoch = 0;  ///< 1970-01-01T00:00:00Z or earlier

    std::uint64_t skipped_entries = 0; ///< of the metadata, or results
    std::string first_skipped;
    std::uint64_t untransformed = 0; ///< messages that some archive misses, because its transform failed
    std::string first_untransformed;
    std::vector<Gap> gaps; ///< recorded by this run
    Timestamp newest = 0;  ///< greatest ts received
    Timestamp owed = 0;    ///< the longest time that a series is still to be caught up
};

} // namespace meshprobe
