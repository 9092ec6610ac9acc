// Whether times can be believed: what a run saw of clocks, and of timestamps that cannot be right. All of it
// is decided from the last result and the new one; each kind is told when it begins, and again after a quiet
// day.
#pragma once

#include "probe/report.hpp"

#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// Fills in the members of `next` that are about times.
void settle_times(const std::optional<LastResult>& last, const RunSummary& summary, LastResult& next);

/// What the host's clock is ahead of ours now, as far as known: what was measured, less the steps of ours
/// since.
[[nodiscard]] std::int64_t expected_skew(const LastResult& last, const Moment& now);

/// Of what there was: MESHPROBE_FUTURE, MESHPROBE_BEFORE_EPOCH, MESHPROBE_CONFLICTS,
/// MESHPROBE_CLOCK_STEP_USEC, MESHPROBE_HOST_CLOCK_STEP_USEC.
[[nodiscard]] Fields time_fields(const LastResult& result);
/// "3 from the future, 1 from before 1970"; empty: there was none.
[[nodiscard]] std::string text_of_times(const LastResult& result);

/// "forward by 1h 2min" or "back by …".
[[nodiscard]] std::string way_of(std::int64_t step_usec);

[[nodiscard]] std::vector<News> time_news(const Instance& instance, const std::optional<LastResult>& last,
                                          const LastResult& next);

} // namespace meshprobe
