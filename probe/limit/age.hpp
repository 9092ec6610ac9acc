// type: age — what is older than `max`, by the server's clock.
#pragma once

#include "probe/limit/limit.hpp"

namespace meshprobe {

class AgeLimit final : public LimitRule {
  public:
    explicit AgeLimit(Microseconds max);
    [[nodiscard]] std::string reason() const override;
    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& series) override;

  private:
    class Judge;
    Microseconds max_;
    std::shared_ptr<ResultJudge> judge_; ///< knows nothing of a series: one for all
};

} // namespace meshprobe
