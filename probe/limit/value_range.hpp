// type: value-range — numbers below `min-value` or above `max-value`. A histogram, an object whose names are
// all numbers, is judged by its buckets: one that counts something outside of the range exceeds it. What is
// neither (traces, texts, flags) is not judged.
#pragma once

#include "probe/limit/limit.hpp"

#include <optional>

namespace meshprobe {

class ValueRangeLimit final : public LimitRule {
  public:
    /// At least one of them is given.
    ValueRangeLimit(std::optional<double> min, std::optional<double> max);
    [[nodiscard]] std::string reason() const override;
    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& series) override;

  private:
    class Judge;
    std::optional<double> min_;
    std::optional<double> max_;
    std::shared_ptr<ResultJudge> judge_;
};

} // namespace meshprobe
