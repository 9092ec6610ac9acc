// type: age — drops what is older than `max`, by the server's clock.
#pragma once

#include "lib/units_of_measure.hpp"
#include "probe/limit/limit.hpp"

namespace meshprobe {

class AgeLimit final : public LimitRule {
  public:
    explicit AgeLimit(Microseconds max) : max_(max) {}
    [[nodiscard]] Verdict judge(const Judged& judged) const override;
    [[nodiscard]] std::string reason() const override;

  private:
    Microseconds max_;
};

} // namespace meshprobe
