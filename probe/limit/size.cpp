#include "probe/limit/size.hpp"

#include <fmt/core.h>

namespace meshprobe {

class SizeLimit::Judge final : public ResultJudge {
  public:
    explicit Judge(std::uint64_t max) : max_(max) {}
    bool is_exceeded(const Judged& result) override { return result.value.size() > max_; }

  private:
    std::uint64_t max_;
};

SizeLimit::SizeLimit(std::optional<std::uint64_t> max_record, std::optional<std::uint64_t> max_message)
    : max_record_(max_record), max_message_(max_message) {
    if (max_record) judge_ = std::make_shared<Judge>(*max_record);
}

std::string SizeLimit::reason() const {
    if (!max_message_) return fmt::format("a value larger than {}", format_size(*max_record_));
    if (!max_record_) return fmt::format("a message larger than {}", format_size(*max_message_));
    return fmt::format("a value larger than {}, or a message larger than {}", format_size(*max_record_),
                       format_size(*max_message_));
}

std::shared_ptr<ResultJudge> SizeLimit::judge_of_results(const JudgedSeries& /*series*/) {
    return judge_;
}

bool SizeLimit::is_message_exceeded(std::size_t bytes) const {
    return max_message_ && bytes > *max_message_;
}

} // namespace meshprobe
