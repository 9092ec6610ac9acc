// What the last run of an instance ended with: /run/meshprobe/results/INSTANCE, a small JSON object, written
// by the probe at its end, read by its next run (back-off, changes of state) and by status. Not durable on
// purpose: after a boot everything is tried again.
#pragma once

#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace meshprobe {

struct LastResult {
    std::string outcome;           ///< "success", "partial", "unreachable", "untrusted", "deferred", "failed"
    std::string message;           ///< why, for everything but success; one line
    std::int64_t started_usec = 0; ///< UNIX time
    std::int64_t finished_usec = 0;
    std::int64_t since_usec = 0;        ///< since when the outcome is this one
    std::int64_t last_success_usec = 0; ///< success or partial; 0: none since boot
    std::int64_t last_news_usec = 0;    ///< the last run that brought points
    std::int64_t not_before_usec = 0;   ///< back-off; 0: none
    std::uint32_t bad_runs = 0;         ///< in a row
    std::uint64_t points = 0;
    std::uint64_t messages = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0; ///< received
    std::int64_t duration_usec = 0;
    std::int64_t lag_usec = 0;          ///< server time minus newest ts received
    std::uint64_t dropped = 0;          ///< by limits, or because their time cannot be right
    std::uint64_t flagged = 0;          ///< delivered with the flag of a limit
    std::string limits;                 ///< what each limit did: "recent: 3 dropped, sane: 1 flagged"
    std::uint64_t duplicates = 0;       ///< points received again, not sent again
    std::uint64_t conflicts = 0;        ///< of these, with another value than before in the same run
    std::uint64_t future = 0;           ///< points more than 12 h ahead of the server's clock: dropped
    std::uint64_t before_epoch = 0;     ///< points of 1970-01-01T00:00:00Z or earlier: dropped
    std::uint64_t gaps = 0;             ///< recorded so far for this instance
    std::uint64_t catching_up_usec = 0; ///< how much time is still to be caught up; 0: none
    std::int64_t clock_skew_usec = 0;   ///< server minus local
    bool clock_skewed = false;          ///< by more than 5 min
    std::int64_t clock_doubt_usec = -1; ///< how wrong clock_skew_usec may be; -1: the server told no time yet
    // By how much clocks were set forward, or, negative, back, since the run before; 0: they were not.
    std::int64_t clock_step_usec = 0;
    std::int64_t host_clock_step_usec = 0;
    std::string boot_id; ///< with boot_usec and finished_usec the Moment of its end
    std::int64_t boot_usec = 0;
    // When they were seen last, so that each kind is told when it begins; 0: never.
    std::int64_t conflicts_seen_usec = 0;
    std::int64_t future_seen_usec = 0;
    std::int64_t before_epoch_seen_usec = 0;
    // For `log: hourly`: when news were written down last, and what came since.
    std::int64_t logged_usec = 0;
    std::uint64_t unlogged_points = 0;
    std::uint64_t unlogged_messages = 0;

    [[nodiscard]] std::string json() const;
};

[[nodiscard]] Result<std::optional<LastResult>> read_last_result(const Paths& paths,
                                                                 const Instance& instance);
[[nodiscard]] Status write_last_result(const Paths& paths, const Instance& instance,
                                       const LastResult& result);

/// The same for an archiver: /run/meshprobe/archives/NAME.
struct ArchiverState {
    std::string state;   ///< "connected", "idle", "waiting"; "failed": it ended before it could deliver
    std::string message; ///< the last error, empty when connected
    std::int64_t since_usec = 0;
    std::int64_t last_delivery_usec = 0;
    std::uint64_t delivered_messages = 0; ///< since this archiver started
    std::uint64_t delivered_points = 0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t refused_messages = 0;
    std::uint64_t unroutable_messages = 0;
    std::uint64_t logins = 0;

    [[nodiscard]] std::string json() const;
};
[[nodiscard]] Result<std::optional<ArchiverState>> read_archiver_state(const Paths& paths,
                                                                       const std::string& archive);
[[nodiscard]] Status write_archiver_state(const Paths& paths, const std::string& archive,
                                          const ArchiverState& state);

} // namespace meshprobe
