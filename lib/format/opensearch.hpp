// Format `opensearch`: a document as perfSONAR 5 keeps in its data streams pscheduler_TESTTYPE (perfSONAR:
// the fields of the OpenSearch archive), as far as one event type tells it; one for each point.
//
//   {"@timestamp":…,"pscheduler":{"start_time":…[,"duration":…],"tool":…,"test_checksum":KEY,
//    "participants":[AGENT][,"run_href":…]},"test":{"type":…,"spec":{"source":…,"dest":…[,"udp":true]…}},
//    "meta":{"source":{"ip":…,"hostname":…},"destination":{…},"observer":{…},"ip_version":4},
//    "event_type":…,"result":{"succeeded":true,…}}
//
// Histograms of delays and hops come with their statistics: minimum, maximum, mean, median, mode,
// percentiles, standard deviation, variance; those of round trips with some of these, and with the round
// trips.
#pragma once

#include "lib/format/format.hpp"

namespace meshprobe {

class OpensearchFormat final : public Format {
  public:
    OpensearchFormat(const SeriesSubject& subject, std::string_view event_type);

    [[nodiscard]] std::size_t most_points() const override { return 1; }
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published) const override;

  private:
    [[nodiscard]] std::string members(const JsonValue& value) const; ///< of the result

    std::string event_type_;
    std::string path_; ///< of the value, within the result
    std::string head_; ///< behind pscheduler.start_time
    std::string test_; ///< from there to the last member of the specification
    std::string ends_; ///< from there to the result
};

} // namespace meshprobe
