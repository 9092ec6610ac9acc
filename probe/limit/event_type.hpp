// type: event-type — what `deny` names, and, if there is an `allow`, what that does not name.
#pragma once

#include "probe/limit/limit.hpp"

namespace meshprobe {

class EventTypeLimit final : public LimitRule {
  public:
    /// Globs.
    EventTypeLimit(std::vector<std::string> allow, std::vector<std::string> deny)
        : allow_(std::move(allow)), deny_(std::move(deny)) {}
    [[nodiscard]] std::string reason() const override { return "an event type that is not wanted"; }
    [[nodiscard]] Result<bool> is_series_exceeded(const JudgedSeries& series) override;

  private:
    std::vector<std::string> allow_;
    std::vector<std::string> deny_;
};

} // namespace meshprobe
