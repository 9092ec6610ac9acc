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

#include "probe/fetch/metadata.hpp"
#include "probe/fetch/points.hpp"

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace meshprobe {

class RawTransform {
  public:
    static constexpr std::size_t max_points = 200; ///< of one message: what the consumers are used to

    /// One for each series: what all its messages have in common is made here, once.
    RawTransform(const MetadataEntry& entry, std::string_view event_type);

    [[nodiscard]] const std::string& event_type() const { return event_type_; }

    /// Replaces `body` (used again by the next message) with the message of `points`: ascending, 1 to
    /// max_points of them. `published` is the local time, `limits` a JSON array of those that flagged all of
    /// these points; empty: none did.
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published, std::string_view limits = {}) const;

  private:
    std::string event_type_;
    std::string head_; ///< up to the rsv-timestamp
    std::string tail_; ///< from behind it up to ts_start
};

} // namespace meshprobe
