// Format `esmond`: what it takes to write the results into an esmond archive: the metadata to POST and the
// points to PUT under the key that it answers with.
//
//   {"metadata":{"subject-type":…,"source":…,"destination":…,"measurement-agent":…,"tool-name":…,"input-source":…,
//                "input-destination":…[,"time-duration":…][,"ip-transport-protocol":…][,"pscheduler-test-type":…],
//                "event-types":[{"event-type":…}]},
//    "org-metadata-key":KEY,"data":[{"ts":N,"val":[{"event-type":…,"val":…}]},…]}
//
// Ratios become {"numerator":…,"denominator":…}, the only form in which esmond takes them: the smallest whole
// numbers that give the same ratio.
#pragma once

#include "lib/format/format.hpp"

namespace meshprobe {

class EsmondFormat final : public Format {
  public:
    EsmondFormat(const SeriesSubject& subject, std::string_view event_type);

    [[nodiscard]] std::size_t most_points() const override { return 200; }
    void write(std::string& body, std::span<const Point> points,
               std::chrono::system_clock::time_point published) const override;

  private:
    std::string event_type_;
    std::string head_;
    bool is_ratio_;
};

} // namespace meshprobe
