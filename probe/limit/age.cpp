#include "probe/limit/age.hpp"

#include <fmt/core.h>

namespace meshprobe {

class AgeLimit::Judge final : public ResultJudge {
  public:
    explicit Judge(Microseconds max) : max_(max) {}
    bool is_exceeded(const Judged& result) override {
        return std::chrono::seconds(result.now) - std::chrono::seconds(result.ts) > max_;
    }

  private:
    Microseconds max_;
};

AgeLimit::AgeLimit(Microseconds max) : max_(max), judge_(std::make_shared<Judge>(max)) {}

std::string AgeLimit::reason() const {
    return fmt::format("older than {}", format_duration(max_));
}

std::shared_ptr<ResultJudge> AgeLimit::judge_of_results(const JudgedSeries& /*series*/) {
    return judge_;
}

} // namespace meshprobe
