#include "probe/limit/event_type.hpp"

#include "lib/glob.hpp"

#include <algorithm>

namespace meshprobe {

bool EventTypeLimit::is_series_exceeded(const JudgedSeries& series) {
    const auto matches = [&](const std::string& glob) { return glob_matches_text(glob, series.event_type); };
    return std::ranges::any_of(deny_, matches) || (!allow_.empty() && std::ranges::none_of(allow_, matches));
}

} // namespace meshprobe
