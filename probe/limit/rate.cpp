#include "probe/limit/rate.hpp"

#include <fmt/core.h>

namespace meshprobe {

class RateLimit::Judge final : public ResultJudge {
  public:
    Judge(unsigned max_results, Timestamp per) : max_results_(max_results), per_(per) {}
    bool is_exceeded(const Judged& result) override {
        const Timestamp begin = result.ts - result.ts % per_;
        return result.earlier != nullptr && result.earlier->received(begin, begin + per_) >= max_results_;
    }

  private:
    std::size_t max_results_;
    Timestamp per_;
};

RateLimit::RateLimit(unsigned max_results, Microseconds per)
    : max_results_(max_results), per_(std::chrono::floor<std::chrono::seconds>(per)),
      judge_(std::make_shared<Judge>(max_results,
                                     std::chrono::duration_cast<std::chrono::seconds>(per_).count())) {}

std::string RateLimit::reason() const {
    return fmt::format("more than {} in {}", counted(max_results_, "result"), format_duration(per_));
}

std::shared_ptr<ResultJudge> RateLimit::judge_of_results(const JudgedSeries& /*series*/) {
    return judge_;
}

} // namespace meshprobe
