// From a batch of an esmond data page, [{"ts":…,"val":…},…], to points whose values are the bytes the server
// sent.
#pragma once

#include "lib/json_text/json_cursor.hpp"
#include "lib/record/point.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// What was not made a point, over all batches read.
struct PointCounts {
    std::uint64_t elements = 0;     ///< of all pages: "fewer than the page limit" is judged by this
    std::uint64_t malformed = 0;    ///< no JSON object, no usable ts, no val, nested too deeply …
    std::uint64_t null_values = 0;  ///< "val": null, which elmond gives for runs without a result
    std::uint64_t repeated = 0;     ///< the same ts again in one batch; the first one stands
    std::uint64_t conflicting = 0;  ///< of these, with another value
    std::uint64_t before_epoch = 0; ///< no points: ts < 1
    std::uint64_t beyond_years = 0; ///< no points: ts > latest_timestamp
    std::string first_problem;      ///< why the first malformed one is
};

class PointReader {
  public:
    /// `batch` comes from ArrayScanner. The points are strictly ascending and valid while the batch is; the
    /// vector behind them is used again by the next call.
    [[nodiscard]] std::span<const Point> read(std::string_view batch);

    [[nodiscard]] const PointCounts& counts() const { return counts_; }
    /// The greatest ts received, null values included: where the next page begins (+1). 0: none yet.
    [[nodiscard]] Timestamp newest() const { return newest_; }
    /// No element was older than the one before it, null values included. A page that was cut off at its
    /// limit holds the oldest of what was asked for only if it is.
    [[nodiscard]] bool came_in_order() const { return came_in_order_; }

  private:
    [[nodiscard]] bool read_point(JsonCursor& cursor);
    void refuse(std::string_view problem);
    void put_in_order();

    std::vector<Point> points_;
    PointCounts counts_;
    Timestamp newest_ = 0;
    bool came_in_order_ = true;
    bool ascending_ = true; ///< points_, strictly
};

} // namespace meshprobe
