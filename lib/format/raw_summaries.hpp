// The other kind of message of format `raw`: the summaries that an archive keeps of one event type, as the
// OSG's first collectors sent them ahead of the results themselves.
//
//   {"meta":{… as in raw.hpp, without "ts_start" …,"summaries":1},"version":2,
//    "summaries":[{"event_type":…,"summary_type":…,"summary_window":…,"summary_data":[[ts,VALUE],…]},…]}
#pragma once

#include "lib/record/point.hpp"
#include "lib/record/subject.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Summary {
    std::string type; ///< "aggregation", "average", "statistics"
    std::string
        window; ///< JSON text, as the archive wrote it: "300" as a string in esmond, a number in elmond
    std::vector<Point> data;
};

/// Those without data are left out. False, and no body, if none has any: then there is nothing to send.
[[nodiscard]] bool write_raw_summaries(std::string& body, const SeriesSubject& subject,
                                       std::string_view event_type, std::span<const Summary> summaries,
                                       std::chrono::system_clock::time_point published);

} // namespace meshprobe
