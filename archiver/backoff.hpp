// How long to wait before trying again: doubling, with a ceiling, and with jitter, because a broker that
// comes back should not meet all its clients in the same second.
#pragma once

#include "lib/units_of_measure.hpp"

#include <algorithm>
#include <random>

namespace meshprobe {

class Backoff {
  public:
    static constexpr Microseconds ceiling = std::chrono::minutes(5);

    explicit Backoff(Microseconds floor = std::chrono::seconds(1)) : floor_(floor), longest_(floor) {}

    /// Between half and all of `floor`, twice that … 5 min.
    [[nodiscard]] Microseconds next() {
        const Microseconds longest = longest_;
        longest_ = std::min(longest_ * 2, ceiling);
        ++failures_;
        return Microseconds(
            std::uniform_int_distribution<Microseconds::rep>(longest.count() / 2, longest.count())(random_));
    }
    void reset() {
        longest_ = floor_;
        failures_ = 0;
    }
    /// Since the last success.
    [[nodiscard]] unsigned failures() const { return failures_; }

  private:
    Microseconds floor_;
    Microseconds longest_;
    unsigned failures_ = 0;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace meshprobe
