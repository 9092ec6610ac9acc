// type: size — a value, or the body of a message, that takes more bytes than it may.
#pragma once

#include "probe/limit/limit.hpp"

#include <optional>

namespace meshprobe {

class SizeLimit final : public LimitRule {
  public:
    /// Bytes; at least one of them is given. Values are measured as the archive wrote them.
    SizeLimit(std::optional<std::uint64_t> max_record, std::optional<std::uint64_t> max_message);
    [[nodiscard]] std::string reason() const override;
    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& series) override;
    [[nodiscard]] bool is_message_exceeded(std::size_t bytes) const override;

  private:
    class Judge;
    std::optional<std::uint64_t> max_record_;
    std::optional<std::uint64_t> max_message_;
    std::shared_ptr<ResultJudge> judge_;
};

} // namespace meshprobe
