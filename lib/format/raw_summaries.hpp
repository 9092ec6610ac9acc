// The other kind of message of format `raw`: summaries that an archive keeps of an event type, as the OSG's
// first collectors sent them.
//
//   {"meta":{… as in raw.hpp, without "ts_start" …,"event-type":…,"summaries":1},"version":2,
//    "summaries":[{"event_type":…,"summary_type":"average","summary_window":"86400",
//                  "summary_data":[[N,VALUE],…]}]}
//
// Those put all summaries of an event type into one message; here each series has messages of its own. The
// window is a string, as esmond gives it, also where an archive has a number.
#pragma once

#include "lib/format/format.hpp"

#include <string>

namespace meshprobe {

class RawSummaryFormat final : public Format {
  public:
    /// `summary`: lib/summary_name.hpp.
    RawSummaryFormat(const SeriesSubject& subject, std::string_view summary);

    [[nodiscard]] std::size_t most_points() const override { return 200; }
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published) const override;
    /// As those of RawFormat: at the end of the meta.
    void add_limits(std::string& body, std::string_view limits) const override;

  private:
    std::string head_; ///< up to the rsv-timestamp
    std::string tail_; ///< from behind it up to the data
};

} // namespace meshprobe
