// Two sets of results, ours and those of another collector, and what only one of them holds.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"
#include "lib/error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::comparison {

/// One event type of one metadata entry.
struct SeriesName {
    std::string key;
    std::string event_type;
    auto operator<=>(const SeriesName&) const = default;
};

/// Timestamps of results, by series. Bounded: what a recording may hold.
class Results {
  public:
    static constexpr std::size_t most = 100'000'000;

    /// False if there are too many.
    [[nodiscard]] bool add(const SeriesName& series, std::string_view host, Timestamp ts);
    /// Each once and ascending, from here on.
    void sort();
    /// Only of what is sorted.
    void forget_before(const SeriesName& name, Timestamp since);
    void forget_after(const SeriesName& name, Timestamp until);

    struct Series {
        std::string host;
        std::vector<Timestamp> timestamps;
    };
    [[nodiscard]] const std::map<SeriesName, Series>& series() const { return series_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t repeated() const { return repeated_; }

  private:
    std::map<SeriesName, Series> series_;
    std::size_t size_ = 0;
    std::size_t repeated_ = 0;
};

/// Counts of one host, event type and hour.
struct Difference {
    std::string host;
    std::string event_type;
    Timestamp hour = 0; ///< its beginning
    std::size_t here = 0;
    std::size_t there = 0;
    std::size_t only_here = 0;
    std::size_t only_there = 0;
};

struct Comparison {
    std::vector<Difference> rows; ///< by host, event type and hour; those without a difference as well
    [[nodiscard]] bool differs() const;
};

/// What is compared: both ends included.
struct Range {
    Timestamp since = 0;
    Timestamp until = latest_timestamp;
};

/// Of results in `range`. `there` names hosts by their agent only: where we know the series, our name counts.
[[nodiscard]] Comparison compare(const Results& here, const Results& there, const Range& range);

/// A queue that was bound while the other collector was at work begins in the middle. Of each series it holds
/// everything from its first result on; of one that it does not hold at all, what those of its host and event
/// type (else of its host, else `bound_at`) let expect. What is older is taken out of `here`.
void forget_what_was_before(Results& here, const Results& there, Timestamp bound_at);

/// The two collectors ask a host at different times. What is younger than `settled` counts only up to what
/// both have of its host; the rest is taken out of both.
void forget_what_may_still_come(Results& here, Results& there, Timestamp settled);

} // namespace meshprobe::comparison
