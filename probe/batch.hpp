// What was collected but not committed yet: messages for the spools, and what they mean for the checkpoint.
// Both go to disk in one commit or not at all.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/error.hpp"
#include "lib/spool/segment.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class Batch {
  public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::size_t most_bytes = 4U << 20; ///< of all archives together: all are in memory
    static constexpr std::uint64_t most_messages = 1000;
    static constexpr Clock::duration most_time = std::chrono::seconds(30);

    /// A header for each archive; its `run` is filled in here.
    Batch(Checkpoint& checkpoint, std::vector<SegmentHeader> headers);

    /// For the archives at these places of the headers.
    void add_message(std::span<const std::size_t> archives, std::string_view event_type, std::uint64_t points,
                     std::string_view body);
    void add_change(SeriesChange change);
    /// A gap of each archive that the task feeds.
    void add_gap(Gap gap);
    void add_gap(Gap gap, std::span<const std::size_t> archives);
    /// The whole of `since` to `until` was read: it is no gap any longer, in any archive that the task feeds.
    void heal(const std::string& series, Timestamp since, Timestamp until);
    void set_progress(const Progress& progress) { commit_.progress = progress; }

    /// Enough is gathered, or the first message has waited for long enough.
    [[nodiscard]] bool is_due(Clock::time_point now = Clock::now()) const;
    /// With nothing to write it does not touch the disk.
    [[nodiscard]] Status commit();

    // Committed; of the archive that got most, where transforms make a difference.
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t points() const { return points_; }
    [[nodiscard]] std::uint64_t commits() const { return commits_; }

  private:
    void begin_segments();

    Checkpoint& checkpoint_;
    std::vector<SegmentHeader> headers_;
    std::vector<std::uint64_t> next_indexes_; ///< of messages, beside headers_
    std::vector<SegmentBuilder> builders_;    ///< beside headers_; empty: no message yet
    Commit commit_;
    Clock::time_point first_message_;
    std::uint64_t messages_ = 0;
    std::uint64_t points_ = 0;
    std::uint64_t commits_ = 0;
};

} // namespace meshprobe
