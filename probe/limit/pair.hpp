// type: pair — what is measured between a source and a destination that `deny` names, and, if there is an
// `allow`, what that does not name. Patterns: lib/pair_pattern.hpp.
#pragma once

#include "lib/pair_pattern.hpp"
#include "probe/limit/limit.hpp"

namespace meshprobe {

class PairLimit final : public LimitRule {
  public:
    [[nodiscard]] static Result<PairLimit> create(const std::vector<std::string>& allow,
                                                  const std::vector<std::string>& deny);
    [[nodiscard]] std::string reason() const override { return "a pair that is not wanted"; }
    [[nodiscard]] Result<bool> is_series_exceeded(const JudgedSeries& series) override;

  private:
    std::vector<PairPattern> allow_;
    std::vector<PairPattern> deny_;
};

} // namespace meshprobe
