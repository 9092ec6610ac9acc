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
//
// INSTANCE.lock is held (flock) from open() to destruction. Formats: snapshot.hpp, log.hpp, record.hpp.
#pragma once

#include "lib/checkpoint/state.hpp"
#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"
#include "lib/spool/file_system.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Commit {
    struct ForArchive {
        std::string archive;
        std::string segment; ///< SegmentBuilder::finish()
    };
    std::vector<ForArchive> segments; ///< an archive may stand here more than once; delivered in this order
    std::vector<SeriesChange> series;
    std::vector<Gap> gaps;
    std::optional<Progress> progress;
    std::vector<Healing> healed = {}; ///< fetched after all, with what else this commit holds; before `gaps`
};

/// What another collector delivered of this host until it was stopped.
struct Handover {
    struct Series {
        std::string series;
        Timestamp until = 0; ///< everything up to here, late results included
    };
    std::vector<Series> series; ///< each once
    /// `since`: where series begin that the other collector never met. `archive_url` is empty.
    Progress progress;
};

struct Recovery {
    std::uint64_t published = 0; ///< dot-files that were committed and are visible now
    std::uint64_t deleted = 0;   ///< dot-files that were not
    std::uint64_t damaged = 0; ///< committed, but not what was written: set aside in failed/ with the reason
};

class CheckpointStore;  // store.hpp
struct CheckpointFiles; // load.hpp

class Checkpoint {
  public:
    /// Waits for the instance's lock, reads snapshot and log, recovers. A torn last record is normal after a
    /// crash; any other damage is a `storage` error that names the file. `keep_seconds`: how long ts stay in
    /// `recent`.
    /// What back-fills have to say about the ledger is taken into it, see ledger_note.hpp.
    [[nodiscard]] static Result<Checkpoint> open(const Paths& paths, const Instance& instance,
                                                 std::int64_t keep_seconds,
                                                 FileSystem& file_system = FileSystem::real());
    /// One that is not that of an instance's regular runs.
    [[nodiscard]] static Result<Checkpoint> open(const Paths& paths, const CheckpointFiles& files,
                                                 std::int64_t keep_seconds,
                                                 FileSystem& file_system = FileSystem::real());
    Checkpoint(Checkpoint&&) noexcept;
    Checkpoint& operator=(Checkpoint&&) noexcept;
    ~Checkpoint();

    [[nodiscard]] std::optional<SeriesState> find(std::string_view series) const;
    [[nodiscard]] const SeriesTable& series() const;
    [[nodiscard]] const Progress& progress() const;
    [[nodiscard]] const GapLedger& gaps() const;
    [[nodiscard]] const Recovery& recovery() const;

    /// A new run id; never handed out twice, whatever the clock does.
    [[nodiscard]] std::string new_run();

    /// The protocol above. With nothing to write it does not touch the disk. After an error nothing of the
    /// commit counts, and the next one may be tried: where it cannot be taken back for certain, that next
    /// one is refused with an error saying so. The one exception is an error that says "committed, but":
    /// the data is safe and will be published by the next commit or run.
    [[nodiscard]] Status commit(const Commit& commit);
    /// Takes the place of all that is known of the host. What runs of ours have in the spools stays there.
    /// After an error either the old or the new state counts.
    [[nodiscard]] Status take_over(const Handover& handover);
    /// Folds the log into the snapshot once it is large; called at the end of a run.
    [[nodiscard]] Status compact_if_large();

  private:
    explicit Checkpoint(std::unique_ptr<CheckpointStore> store);
    std::unique_ptr<CheckpointStore> store_;
};

/// Reads without lock, recovery or change: for status and reports. nullopt: nothing was ever committed. The
/// ledger is as back-fills have left it.
[[nodiscard]] Result<std::optional<CheckpointState>> read_checkpoint(const Paths& paths,
                                                                     const Instance& instance);
[[nodiscard]] Result<std::optional<CheckpointState>> read_checkpoint(const CheckpointFiles& files);

/// Whether it comes from take_over(), and nothing was received since.
[[nodiscard]] bool is_as_handed_over(const CheckpointState& state);

/// Recovery alone, for converge when a host is removed: publishes or deletes what a dead probe left.
[[nodiscard]] Status recover(const Paths& paths, const Instance& instance);

} // namespace meshprobe
