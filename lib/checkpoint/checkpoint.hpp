// What an instance has collected so far, and the commit protocol that ties it to the spool.
//
// Two files: checkpoint/INSTANCE.snapshot (compact, binary) and checkpoint/INSTANCE.log (append-only). A
// record of the log is the commit and the checkpoint in one:
//
//   a. write and fsync spool/ARCHIVE/q/.NAME for each archive, fsync each directory
//   b. append one record (run, archives, names, CRC, series changes) to the log, fdatasync    <- the commit
//   c. rename each dot-file to its visible name
//
// Recovery: a dot-file the log lists is published, one it does not list is deleted, a listed file that is
// absent was published or delivered. Run ids are never reused. The log is compacted only after the spool
// directories are fsynced. A checkpoint never passes the newest timestamp received nor the server's Date.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

using Timestamp = std::int64_t; ///< UNIX seconds, as esmond counts them

/// A series is one event type of one metadata entry: "METADATA-KEY EVENT-TYPE".
struct SeriesState {
    Timestamp newest = 0;            ///< greatest ts ever received
    Timestamp complete_until = 0;    ///< everything up to here was asked for and received: where catching up goes on
    Timestamp updated = 0;           ///< the archive's "time-updated" when that was so; 0: not known
    /// ts already sent, ascending, from `complete_until` - keep on: while a series catches up, what was sent
    /// ahead of the range still missing stays remembered.
    std::vector<Timestamp> recent;

    [[nodiscard]] bool seen(Timestamp ts) const; ///< also true for ts before the recent window
};

struct SeriesChange {
    std::string series;
    std::vector<Timestamp> sent;     ///< new points, ascending
    Timestamp complete_until = 0;    ///< 0: unchanged
    Timestamp updated = 0;           ///< 0: unchanged
};

/// A time range that was skipped on purpose; `series` empty: the whole host.
struct Gap {
    std::string series;
    Timestamp since = 0;
    Timestamp until = 0;
    std::string reason;   ///< "catch-up", "quota", …
    auto operator<=>(const Gap&) const = default;
};

/// Facts about the host that outlive a run; unchanged ones cause no write.
struct Progress {
    Timestamp since = 0;             ///< where collecting this host began: nothing older is ever asked for
    Timestamp polled_until = 0;      ///< metadata updates up to this server time have been looked at
    Timestamp reread_at = 0;         ///< when the longer re-read was last complete, server time
    std::string archive_url;         ///< the URL, with scheme, that worked last
    std::string flavour;             ///< "esmond", "elmond"; empty: not known yet
    bool operator==(const Progress&) const = default;
};

struct Commit {
    struct ForArchive {
        std::string archive;
        std::string segment; ///< SegmentBuilder::finish()
    };
    std::vector<ForArchive> segments;
    std::vector<SeriesChange> series;
    std::vector<Gap> gaps;
    std::optional<Progress> progress;
};

struct Recovery {
    std::uint64_t published = 0; ///< dot-files that were committed and are visible now
    std::uint64_t deleted = 0;   ///< dot-files that were not
};

class Checkpoint {
  public:
    /// Waits for the instance's lock, reads snapshot and log, recovers. A torn last record is normal after a
    /// crash; any other damage is a `storage` error that names the file. `keep`: how long ts stay in `recent`.
    [[nodiscard]] static Result<Checkpoint> open(const Paths& paths, const Instance& instance, std::int64_t keep_seconds);

    [[nodiscard]] const SeriesState* find(std::string_view series) const;
    [[nodiscard]] const std::map<std::string, SeriesState, std::less<>>& series() const { return series_; }
    [[nodiscard]] const Progress& progress() const { return progress_; }
    [[nodiscard]] const std::vector<Gap>& gaps() const { return gaps_; }
    [[nodiscard]] const Recovery& recovery() const { return recovery_; }

    /// A new run id; never handed out twice, whatever the clock does.
    [[nodiscard]] std::string new_run();

    /// The protocol above. With nothing to write it does not touch the disk.
    [[nodiscard]] Status commit(const Commit& commit);
    /// Folds the log into the snapshot once it is large; called at the end of a run.
    [[nodiscard]] Status compact_if_large();

  private:
    Checkpoint() = default;

    std::map<std::string, SeriesState, std::less<>> series_;
    Progress progress_;
    std::vector<Gap> gaps_;
    Recovery recovery_;
};

/// Reads without lock, recovery or change: for status and reports.
struct CheckpointView {
    std::map<std::string, SeriesState, std::less<>> series;
    Progress progress;
    std::vector<Gap> gaps;
};
[[nodiscard]] Result<std::optional<CheckpointView>> read_checkpoint(const Paths& paths, const Instance& instance);

/// Recovery alone, for converge when a host is removed: publishes or deletes what a dead probe left.
[[nodiscard]] Status recover(const Paths& paths, const Instance& instance);

} // namespace meshprobe
