// What else collects an instance: its regular runs, and other back-fills of it. What they have sent is not
// sent again, and what the regular runs are about to fetch themselves is left to them.
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"
#include "probe/series_history.hpp"
#include "probe/windows.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// Adds to `history` what back-fills other than `self` have sent lately, to each of `archives` one or the
/// other: what only some of these got, the others still miss. `lost`: where it does not count.
[[nodiscard]] Status add_backfilled(const Paths& paths, const Instance& instance,
                                    const std::vector<std::string>& archives, std::string_view self,
                                    SeriesHistory& history, std::vector<Gap> lost = {});

/// How it stood when a slice was begun.
class RegularRuns {
  public:
    /// `now`: by the server's clock.
    [[nodiscard]] static Result<RegularRuns> read(const Paths& paths, const Instance& instance,
                                                  const WindowRules& rules, Microseconds interval,
                                                  Timestamp now);

    /// null: there were none yet.
    [[nodiscard]] const std::shared_ptr<const CheckpointState>& state() const { return state_; }
    [[nodiscard]] GapLedger gaps() const { return state_ ? state_->gaps : GapLedger{}; }

    /// From here on they look after a series themselves, now or when they catch up: from their mark on, and
    /// before it as far as each run reads again. Nothing if they have not been seen for a while.
    [[nodiscard]] Timestamp from(std::string_view series) const;

  private:
    std::shared_ptr<const CheckpointState> state_;
    Timestamp overlap_ = 0;
    bool are_current_ = false;
};

} // namespace meshprobe
