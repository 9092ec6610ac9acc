// How much a spool may hold, and what to do when it holds that. The probe asks before it fetches:
//
//   spool_state() -> ok | filling (alarm) | full -> block:       fetch nothing for this archive
//                                                   drop_oldest: make_room(), each drop a gap "quota"
//                                                   refetch:     the same, and the gap is fetched once
//                                                                there is room: meshprobectl backfill
//                                                                --refetch
//
// Segments in failed/ count: what is refused for good must not fill the disk either.
#pragma once

#include "lib/error.hpp"
#include "lib/spool/spool.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// 72 h of 200 hosts at 33 MiB per host and day: 50 test partners, a point of 150 bytes per minute from each
/// for three event types with histograms (packet loss, one-way delay, round trip), messages included.
inline constexpr std::uint64_t default_spool_quota = 20ULL << 30;

/// What was configured; else the default, but at most a tenth of the file system the spool is on.
[[nodiscard]] Result<std::uint64_t> spool_quota(const Spool& spool, std::optional<std::uint64_t> configured);

enum class SpoolFill {
    ok,
    filling, ///< at least 80 % of the quota
    full,
};

struct SpoolState {
    SpoolFill fill = SpoolFill::ok;
    std::uint64_t bytes = 0;
    std::uint64_t quota = 0;
};

[[nodiscard]] SpoolFill fill_of(std::uint64_t bytes, std::uint64_t quota);

/// With a long backlog the bytes may be up to a minute old: counting 100 000 files takes longer than a
/// probe's run.
[[nodiscard]] Result<SpoolState> spool_state(const Spool& spool, std::optional<std::uint64_t> configured);

struct DroppedSegment {
    std::string name;
    std::string instance; ///< empty if it was damaged: nobody knows whose it was
    std::string host;
    std::string task;
    std::uint64_t messages = 0;
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;
    std::int64_t committed_usec = 0;
    bool failed = false; ///< it was in failed/
};

/// Called before each segment is deleted, so that a gap is on disk before the points are gone; nullptr for a
/// damaged one. An error keeps the segment and ends make_room().
using BeforeDrop = std::function<Status(const Segment* segment, const DroppedSegment& dropped)>;

/// Deletes the oldest segments, failed ones first, until 95 % of the quota is left. Call it without holding a
/// checkpoint: recording the gap takes the lock of the segment's own instance. Empty when another process is
/// at it.
[[nodiscard]] Result<std::vector<DroppedSegment>>
make_room(const Spool& spool, std::optional<std::uint64_t> configured, const BeforeDrop& before_drop);

/// Lies in the directory of a spool whose archive wants what was dropped fetched again: its ledgers have gaps
/// "quota". Units that fetch wait for it, so its name stands in them, too.
[[nodiscard]] std::filesystem::path refetch_mark(const Spool& spool);

/// Removes what counting and make_room() keep beside the segments, for a spool that goes altogether.
void forget_notes(const Spool& spool);

} // namespace meshprobe
