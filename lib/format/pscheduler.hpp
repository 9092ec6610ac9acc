// Format `pscheduler`: a run document as pScheduler hands to its archivers, as far as one event type tells
// it; one for each point.
//
//   {"id":UUID,"schedule":{"start":…[,"duration":…]},"test":{"type":…,"spec":{"source":…,"dest":…[,"udp":true]…}},
//    "tool":{"name":…},"participants":[AGENT],"result":{"succeeded":true,…}[,"run":{"href":…}],
//    "reference":{"org-metadata-key":KEY}}
//
// The value stands where the result of that test has it (summary.summary.throughput-bits, histogram-latency
// …); a value that pScheduler does not tell stands under the name of its event type. The id is made of key,
// event type and time, so that the same point has the same id each time.
#pragma once

#include "lib/format/format.hpp"

namespace meshprobe {

class PschedulerFormat final : public Format {
  public:
    PschedulerFormat(const SeriesSubject& subject, std::string_view event_type);

    [[nodiscard]] std::size_t most_points() const override { return 1; }
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published) const override;

  private:
    std::string series_; ///< what ids are made of
    std::string event_type_;
    std::string path_;     ///< of the value, within the result
    std::string duration_; ///< as a member of the schedule; empty: not known
    std::string test_;     ///< behind the schedule, up to the last member of the specification
    std::string tool_;     ///< from there to the result
    std::string tail_;     ///< behind the result
};

} // namespace meshprobe
