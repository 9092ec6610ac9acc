// The loop of an archiver: segments of the spool become messages on their way, verdicts become removed
// segments. A segment is removed only when every message of it is delivered, or dropped on purpose, or is
// safe in failed/; hence a crash anywhere loses nothing, and repeats at most what was not yet confirmed.
#pragma once

#include "archiver/archive_type.hpp"
#include "archiver/backoff.hpp"
#include "archiver/flights.hpp"
#include "archiver/parked.hpp"
#include "archiver/queue_watch.hpp"
#include "archiver/reporter.hpp"
#include "archiver/stop.hpp"
#include "lib/exit_code.hpp"
#include "lib/spool/spool.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace meshprobe {

struct DeliverySettings {
    bool drain = false;                               ///< deliver what is there, then end
    Microseconds idle = std::chrono::minutes(10);     ///< end after the spool was empty for so long
    unsigned drain_tries = 4;                         ///< failures in a row after which a drain gives up
    Microseconds patience = std::chrono::seconds(15); ///< of a drain with an archive that takes nothing
    Microseconds pause = std::chrono::seconds(1);     ///< after a failure; doubled after each further one
    Microseconds farewell = std::chrono::seconds(5);  ///< how long a stop may wait for confirmations
};

class Delivery {
  public:
    Delivery(Spool spool, ArchiveType& archive, Reporter& reporter, const Stop& stop,
             DeliverySettings settings);

    /// Until the spool is empty (and stayed so for `idle`), a stop is requested, or a drain gives up.
    /// The error of a drain says what is left and why; `left_over` is told apart by left().
    [[nodiscard]] Status run();
    /// Segments that run() left in the spool although it was to drain it.
    [[nodiscard]] std::size_t left() const { return left_; }

  private:
    using Clock = std::chrono::steady_clock;

    void list();
    void load();
    void load(const std::string& name, const std::vector<std::size_t>& owed);
    void step_over(const std::string& name, const Error& error);
    void connect();
    void exchange();
    void judge(std::vector<Verdict> verdicts);
    void lose(const Error& error);
    void isolate(const Error& error);
    void pause(const Error& error);
    void land();
    [[nodiscard]] bool put_aside(const Landed& landed);
    void remove();
    void sync();
    void tidy(bool the_last_time);
    [[nodiscard]] bool has_work() const;
    [[nodiscard]] bool finished();
    [[nodiscard]] bool held_up_too_long();
    [[nodiscard]] Microseconds until_next() const;
    [[nodiscard]] Window window() const;
    void farewell();
    [[nodiscard]] Status verdict_of_drain();

    const Spool spool_;
    ArchiveType& archive_;
    Reporter& reporter_;
    const Stop& stop_;
    const DeliverySettings settings_;
    std::optional<QueueWatch> watch_;

    std::deque<std::string> listed_;        ///< segments still to be read, in order
    bool list_again_ = true;                ///< the directory may hold more than `listed_`
    std::unordered_set<std::string> known_; ///< in flight, parked, unsaved or to be removed
    Flights flights_;
    Parked parked_;
    std::deque<Landed> unsaved_;         ///< with refused messages that failed/ could not take yet
    std::vector<std::string> delivered_; ///< to be removed
    std::optional<Clock::time_point> unsynced_since_; ///< removed, but a power cut may bring it back

    bool connected_ = false;
    std::size_t at_most_ = 0; ///< messages on their way while a bad one is looked for; 0: no limit
    Backoff backoff_;
    Clock::time_point not_before_{};       ///< of the next try after a failure
    Clock::time_point spool_not_before_{}; ///< the same for the spool's own troubles
    std::optional<Clock::time_point> held_up_since_;
    Clock::time_point last_busy_ = Clock::now();
    bool more_to_tidy_ = false;
    bool tidied_last_ = false; ///< for the last time, at the end of a drain
    std::optional<Error> last_error_;
    std::size_t left_ = 0;
};

} // namespace meshprobe
