// Format `raw`: the messages of the OSG's collectors, which consumers of perfsonar.raw.EVENT-TYPE know:
//
//   {"meta":{"subject_type":…,"source":…,"destination":…,"tool_name":…,"measurement_agent":…,"input_source":…,
//            "input_destination":…[,"time_duration":…][,"ip_transport_protocol":…],"org_metadata_key":KEY,
//            "rsv-timestamp":"1700000000.123456","event-type":…,"summaries":0,"ts_start":N},
//    "version":2,"datapoints":{"N":VALUE,…}}
//
// on one line, ASCII only. Values are the bytes of the archive; only what is not ASCII becomes \u escapes,
// and line breaks and tabs between the tokens of a value are left out.
//
// Results that limits flagged have messages of their own, whose meta ends with "limits":["NAME",…].
#pragma once

#include "lib/format/format.hpp"

namespace meshprobe {

class RawFormat final : public Format {
  public:
    static constexpr std::size_t max_points = 200; ///< of one message: what the consumers are used to

    RawFormat(const SeriesSubject& subject, std::string_view event_type);

    [[nodiscard]] const std::string& event_type() const { return event_type_; }

    [[nodiscard]] std::size_t most_points() const override { return max_points; }
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published) const override;
    void add_limits(std::string& body, std::string_view limits) const override;

  private:
    std::string event_type_;
    std::string head_; ///< up to the rsv-timestamp
    std::string tail_; ///< from behind it up to ts_start
};

} // namespace meshprobe
