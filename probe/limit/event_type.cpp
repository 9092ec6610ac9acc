#include "probe/limit/event_type.hpp"

#include "lib/glob.hpp"
#include "lib/summary_name.hpp"

#include <algorithm>

namespace meshprobe {

Result<bool> EventTypeLimit::is_series_exceeded(const JudgedSeries& series) {
    const auto matches = [type = event_type_of(series.event_type)](const std::string& glob) {
        return glob_matches_text(glob, type);
    };
    return std::ranges::any_of(deny_, matches) || (!allow_.empty() && std::ranges::none_of(allow_, matches));
}

} // namespace meshprobe
