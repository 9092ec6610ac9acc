// What a run leaves behind for people: its last result, one line when it brought news, one line when
// something changed. What to say is decided by pure functions of the last result and the new one.
#pragma once

#include "lib/clock.hpp"
#include "lib/config/config.hpp"
#include "lib/exit_code.hpp"
#include "lib/instance.hpp"
#include "lib/journal.hpp"
#include "lib/last_result.hpp"
#include "probe/tally.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// How a run went, in everything the report needs.
struct RunSummary {
    std::optional<Error> error; ///< why it ended early; nullopt: it came to its end
    bool is_host_error = false; ///< `error` is news about the host, not a local fault
    bool has_answered = false;  ///< it was a source of the kind that was asked for
    bool is_key_told = false;   ///< HostKeys has logged the key that was turned away
    bool is_alias = false;      ///< the first contact showed that it is another name of a host
    std::string deferred;       ///< why nothing was fetched on purpose
    bool interrupted = false;   ///< SIGTERM
    bool out_of_time = false;
    Tally tally;
    std::uint64_t points = 0; ///< committed
    std::uint64_t messages = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    std::int64_t started_usec = 0;
    Moment finished;
    std::int64_t duration_usec = 0;
    std::optional<std::int64_t> skew_usec; ///< server minus local; nullopt: the server told no time
    std::int64_t skew_doubt_usec = 0;      ///< how wrong that may be
    Moment skew_at;                        ///< when it was so: our clock may be set while a run goes on
    std::int64_t lag_usec = 0;
    std::uint64_t gaps = 0;                 ///< recorded so far
    bool is_source_failing = false;         ///< although it answers: another source of the host may do better
    std::int64_t asked_not_before_usec = 0; ///< Retry-After
};

/// The server told `date` in an answer that was asked for at `asked` and has just come.
void note_clock(RunSummary& summary, Timestamp date, std::chrono::steady_clock::time_point asked);

/// "success", "partial", "unreachable", "untrusted", "deferred", "failed", as in LastResult::outcome.
[[nodiscard]] std::string outcome_of(const RunSummary& summary);
[[nodiscard]] ExitCode exit_code_of(const RunSummary& summary);

[[nodiscard]] LastResult next_result(const std::optional<LastResult>& last, const RunSummary& summary,
                                     Microseconds interval);

/// "2 metadata entries were", "1 result was".
[[nodiscard]] std::string text_of_skipped(const Tally& tally);

/// "6min 40s": whole seconds.
[[nodiscard]] std::string text_of_time(std::int64_t usec);

/// "3 dropped, 1 flagged, 2 series left out"; empty: it did nothing.
[[nodiscard]] std::string text_of(const LimitCount& count);

/// A line for the journal.
struct News {
    Priority priority;
    MessageId id;
    std::string text;
    Fields fields;
};
/// Also settles what `log: hourly` carries over in `next`.
[[nodiscard]] std::vector<News> news_of(const Instance& instance, LogMode mode,
                                        const std::optional<LastResult>& last, LastResult& next,
                                        const RunSummary& summary);

} // namespace meshprobe
