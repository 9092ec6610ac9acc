// type: rate — more than so many results of a series in a stretch of time. Time is cut into stretches that
// begin at multiples of `per` since 1970, UTC; of each the results count in the order in which they are
// received, those of earlier runs first, so that neither restarts nor overlaps change what is over the rate.
#pragma once

#include "probe/limit/limit.hpp"

namespace meshprobe {

class RateLimit final : public LimitRule {
  public:
    RateLimit(unsigned max_results, Microseconds per); ///< whole seconds count, at least one
    [[nodiscard]] std::string reason() const override;
    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& series) override;

  private:
    class Judge;
    unsigned max_results_;
    Microseconds per_;
    std::shared_ptr<ResultJudge> judge_;
};

} // namespace meshprobe
