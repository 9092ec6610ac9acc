// Which time ranges to ask a host for: pure functions of what is known of a series and of the clock of the
// server.
//
//   complete_until      newest                   now (the server's Date)
//   ────────┬──────────────┬────────────────────────┬──▶ ts of results
//    seen   │ a hole while │ the newest data is      │
//           │ catching up  │ asked for first         │
//
// complete_until passes neither the newest timestamp received nor the server's Date, so that an archive that
// is itself behind loses nothing; it equals `newest` unless something is still owed.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/config/config.hpp"
#include "probe/fetch/metadata.hpp"

#include <optional>
#include <vector>

namespace meshprobe {

struct Window {
    Timestamp from = 0;
    Timestamp until = 0; ///< inclusive, as the archives have it
    auto operator<=>(const Window&) const = default;
};

/// The settings of a task that windows depend on, in seconds.
struct WindowRules {
    Timestamp first_run = 86400;
    Timestamp catch_up = 30 * 86400;
    Timestamp overlap = 3600;
    Timestamp reread = 86400;
    std::vector<Timestamp> summary_windows = {}; ///< of the summaries that are collected, each once; not 0

    [[nodiscard]] static WindowRules of(const TaskSettings& settings);
    /// How long a checkpoint must remember what was sent, so that no re-read finds a point twice.
    [[nodiscard]] Timestamp keep() const;
};

/// One poll of one host: what holds for all its series.
struct PollPlan {
    Timestamp now = 0;         ///< the server's Date
    Timestamp search_from = 0; ///< "time-start" of the metadata search
    Timestamp margin = 0;      ///< by so much that begins before what was polled
    Timestamp since = 0;       ///< nothing older is asked for, but what a series still owes
    Timestamp horizon = 0;     ///< nothing older is caught up with
    bool first_contact = false;
    bool reread = false;    ///< the longer re-read is due
    std::optional<Gap> gap; ///< the whole host, beyond `catch-up`
    /// What was measured from here up to the gap may have arrived during it, and is read: see `deeper_first`.
    Timestamp before_gap = 0;
};
[[nodiscard]] PollPlan plan_poll(const Progress& progress, Timestamp now, const WindowRules& rules,
                                 Flavour flavour);

struct SeriesPlan {
    Window recent;              ///< read first
    std::optional<Window> hole; ///< then, in slices, oldest first
    /// If `recent` brings nothing although the archive says that something arrived.
    std::optional<Window> deeper;
    /// `deeper` lies before a gap. It is read in any case, and before `recent`: once that is in a checkpoint,
    /// nobody knows any longer that this is owed.
    bool deeper_first = false;
    bool anew = false; ///< see has_future_marks(): what is known of the series does not count
    /// Of summaries: what `updated` of the series becomes once all of this was read.
    std::optional<Timestamp> announced = {};
};
/// `updated` as in EventType::time_updated. nullopt: there is nothing to ask for.
[[nodiscard]] std::optional<SeriesPlan> plan_series(const SeriesMarks* marks,
                                                    std::optional<Timestamp> updated, const PollPlan& poll,
                                                    const Progress& progress, const WindowRules& rules,
                                                    Flavour flavour);

/// Summaries over windows of so many seconds change until the last result of a window has arrived. So one is
/// read once it has been over for as long as it is long, or for `overlap` if that is shorter: the end of the
/// last of these. 0 is the window of each single result: now.
[[nodiscard]] Timestamp settled_until(Timestamp now, Timestamp window, const WindowRules& rules);

/// The same as plan_series() for summaries over `window` seconds, of whichever flavour. What is asked for
/// ends with the last window that is settled, so there is nothing to ask for until the next one is.
[[nodiscard]] std::optional<SeriesPlan> plan_summary(const SeriesMarks* marks,
                                                     std::optional<Timestamp> updated, Timestamp window,
                                                     const PollPlan& poll, const Progress& progress,
                                                     const WindowRules& rules, Flavour flavour);

/// The server's clock was ahead for a while and was set back by more than what is remembered of the series:
/// until it gets there again, all results would count as old ones. Not if the clock tells what it says before
/// it is set at all.
[[nodiscard]] bool has_future_marks(const SeriesMarks& marks, Timestamp now);

/// Something before `newest` was never asked for, or the first read failed.
[[nodiscard]] bool is_owed(const SeriesMarks& marks);

/// What SeriesChange::updated becomes once everything the archive announced was read. A time-updated of this
/// very moment may still get company within its second: that is remembered as `updated_in_doubt`, and read
/// again.
inline constexpr Timestamp updated_in_doubt = 1;
[[nodiscard]] Timestamp covered_update(std::optional<Timestamp> updated, Timestamp now, Flavour flavour);

/// The first part of a window that one series of pages may cover: it ends with the calendar year (UTC;
/// esmond's pages are in order within a year only) and after a slice (long ranges time out in gateways).
[[nodiscard]] Window first_part(const Window& window, Flavour flavour);

/// Progress after a poll.
struct PollOutcome {
    bool complete = false;         ///< listed to the end, each series read or refused for good, nothing owed
    bool held_by_failures = false; ///< incomplete for no other reason than series that failed
    bool out_of_time = false;
    Flavour flavour = Flavour::unknown; ///< as the archive turned out to be
};
[[nodiscard]] Progress advance(const Progress& progress, const PollPlan& poll, const PollOutcome& outcome,
                               const WindowRules& rules);

} // namespace meshprobe
