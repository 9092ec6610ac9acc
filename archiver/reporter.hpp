// What an archiver tells the world: journal entries when something changed, the state file for status.
#pragma once

#include "archiver/backoff.hpp"
#include "lib/journal.hpp"
#include "lib/last_result.hpp"
#include "lib/paths.hpp"
#include "lib/spool/segment.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

class Reporter {
  public:
    /// `confirms`: the archive says what it has; otherwise delivered is what was sent.
    Reporter(const Journal& journal, const Paths& paths, std::string archive, bool confirms = true);

    [[nodiscard]] const Journal& journal() const { return journal_; }
    [[nodiscard]] const std::string& archive() const { return archive_; }

    void logged_in() { ++state_.logins; }
    /// The archive takes messages: logged if that is news.
    void connected(std::string_view place);
    /// Nothing to deliver, but still there.
    void idle();
    /// Delivery does not go on; logged if the reason is another one than before.
    void lost(const Error& error, Microseconds retry_in);
    /// The archive is there, but takes nothing for now.
    void held_up(std::string_view why);
    /// This archiver ends before it could deliver; whoever ends it logs why.
    void failed(std::string_view why);

    void delivered(const Message& message);
    void dropped() { ++state_.unroutable_messages; }
    /// News about one routing key.
    void unroutable(std::string_view routing_key, std::string_view what);
    /// Nothing at all is routed: an alarm.
    void nothing_routed(std::string_view what);
    /// At most one entry a minute: the others are counted in the next.
    void refused(std::string_view segment, const SegmentHeader& header, std::size_t messages,
                 std::string_view reason);
    void damaged(std::string_view segment, std::string_view reason);
    [[nodiscard]] std::size_t damaged_segments() const { return damaged_; }
    /// A local fault that does not concern the archive (the spool cannot be changed …).
    void trouble(const Error& error);

    /// Writes the state file if it is stale (at most once a second), and the hourly summary when due.
    void tick();
    /// The summary of what was not yet reported, and the last state: there is no connection any more.
    void finish();
    /// When tick() wants to be called again.
    [[nodiscard]] Microseconds until_due() const;

  private:
    using Clock = std::chrono::steady_clock;
    void enter(std::string_view state, std::string_view message);
    void summarize();
    void summarize_refused();
    void write();

    const Journal& journal_;
    const Paths& paths_;
    std::string archive_;
    const bool confirms_;
    ArchiverState state_;
    ArchiverState reported_; ///< as of the last summary
    std::string trouble_;    ///< the last one logged
    std::uint64_t refused_unlogged_ = 0;
    std::size_t damaged_ = 0; ///< segments
    std::optional<Clock::time_point> refused_logged_;
    Clock::time_point started_ = Clock::now();
    Clock::time_point summarized_ = started_;
    Clock::time_point written_{};
    bool stale_ = true;
    bool news_ = false; ///< delivered since the state file was written
    bool write_failed_ = false;
};

} // namespace meshprobe
