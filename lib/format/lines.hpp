// Format `lines`: InfluxDB's line protocol, one line for each point.
//
//   EVENT-TYPE,destination=…,input_destination=…,input_source=…,measurement_agent=…,metadata_key=…,source=…,
//   test_type=…,tool_name=… FIELD=VALUE[,FIELD=VALUE…] NANOSECONDS
//
// In UTF-8, as the protocol has it, with backslashes in front of what separates. Tags that are not known are
// left out. A number is the field "value", a histogram the fields count, min,
// max, mean, median, p25, p75, p95 and stddev, anything else the field "json", a string. All numbers are
// floats: a field that is whole by chance must not become one of integers.
#pragma once

#include "lib/format/format.hpp"

namespace meshprobe {

class LinesFormat final : public Format {
  public:
    LinesFormat(const SeriesSubject& subject, std::string_view series);

    [[nodiscard]] std::size_t most_points() const override { return 1; }
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published) const override;
    /// As a tag.
    void add_limits(std::string& body, std::string_view limits) const override;

  private:
    std::string head_; ///< measurement and tags
};

} // namespace meshprobe
