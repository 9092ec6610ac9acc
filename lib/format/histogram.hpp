// What a histogram of an archive says in numbers: as perfSONAR computes them.
#pragma once

#include "lib/json_text/json_value.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace meshprobe {

class Histogram {
  public:
    /// nullopt: not an object of numbers by numbers, or empty.
    [[nodiscard]] static std::optional<Histogram> read(const JsonValue& value);

    /// By value; counts are 1 or more.
    [[nodiscard]] const std::vector<std::pair<double, double>>& buckets() const { return buckets_; }
    [[nodiscard]] double count() const { return count_; }
    [[nodiscard]] double minimum() const { return buckets_.front().first; }
    [[nodiscard]] double maximum() const { return buckets_.back().first; }
    [[nodiscard]] double mean() const;
    [[nodiscard]] double variance() const; ///< of the whole population
    /// NIST: at p/100 × (N+1), between two ranks by its fraction.
    [[nodiscard]] double percentile(double percent) const;
    [[nodiscard]] std::vector<double> modes() const; ///< ascending

  private:
    [[nodiscard]] double at_rank(double rank) const; ///< from 1

    std::vector<std::pair<double, double>> buckets_;
    double count_ = 0;
};

} // namespace meshprobe
