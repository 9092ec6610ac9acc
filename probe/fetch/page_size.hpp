// How many points to ask for at once. What an archive gives at most is also the best there is, for regular
// runs; but an old one that is asked for weeks of its past may need long for full pages, or fail at them.
#pragma once

#include "probe/fetch/metadata.hpp"

#include <chrono>
#include <cstdint>

namespace meshprobe {

/// esmond 1.x gives no more; elmond refuses more than 10 000, and needs the most: its pages are short
/// although there is more, unless the window has fewer seconds than the page may have points.
[[nodiscard]] inline std::uint64_t largest_page(Flavour flavour) {
    return flavour == Flavour::elmond ? 10'000 : 1'000;
}

/// Halved when answers are slow or fail, doubled again after a while of quick ones.
class PageSize {
  public:
    [[nodiscard]] std::uint64_t points(Flavour flavour) const { return largest_page(flavour) >> halvings_; }

    void note_answer(std::chrono::steady_clock::duration took) {
        if (took > slow) return note_failure();
        if (took < quick && ++quick_ones_ >= enough && halvings_ > 0) {
            --halvings_;
            quick_ones_ = 0;
        }
    }
    void note_failure() {
        if (halvings_ < most_halvings) ++halvings_;
        quick_ones_ = 0;
    }

  private:
    static constexpr std::chrono::seconds slow{10};
    static constexpr std::chrono::seconds quick{2};
    static constexpr unsigned enough = 20;
    static constexpr unsigned most_halvings = 4;

    unsigned halvings_ = 0;
    unsigned quick_ones_ = 0;
};

} // namespace meshprobe
