// The files behind a Checkpoint, and the order in which they are written.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/checkpoint/load.hpp"
#include "lib/checkpoint/recovery.hpp"
#include "lib/spool/spool.hpp"

#include <filesystem>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

inline constexpr std::int64_t keep_everything = std::numeric_limits<std::int64_t>::max();

class CheckpointStore {
  public:
    [[nodiscard]] static Result<std::unique_ptr<CheckpointStore>>
    open(const Paths& paths, CheckpointFiles files, std::int64_t keep_seconds, FileSystem& file_system);

    [[nodiscard]] const CheckpointState& state() const { return loaded_.state; }
    [[nodiscard]] const Recovery& recovery() const { return recovery_; }
    [[nodiscard]] std::string new_run();
    [[nodiscard]] Status commit(const Commit& commit);
    [[nodiscard]] Status take_over(const Handover& handover);
    [[nodiscard]] Status compact_if_large();

  private:
    CheckpointStore(const Paths& paths, CheckpointFiles files, std::int64_t keep_seconds,
                    FileSystem& file_system, FileLock lock);

    /// A segment on its way: `.NAME` until the commit, NAME after it.
    struct Pending {
        std::filesystem::path queue;
        std::string name;

        [[nodiscard]] std::filesystem::path dot_file() const { return queue / ("." + name); }
        [[nodiscard]] std::filesystem::path visible() const { return queue / name; }
    };

    [[nodiscard]] Status load_and_recover();
    [[nodiscard]] Status write_segments(const Commit& commit, const Record& record); // a
    [[nodiscard]] Status write_segment(const Spool& spool, const std::filesystem::path& dot_file,
                                       std::string_view segment);
    [[nodiscard]] Status append(std::string_view payload); // b
    [[nodiscard]] Status ensure_log();
    [[nodiscard]] Status publish(); // c
    void take_back_segments();
    [[nodiscard]] Status sync_spools();
    [[nodiscard]] Status replace_snapshot(const CheckpointState& state);
    [[nodiscard]] std::int64_t next_usec() const;

    Paths paths_;
    CheckpointFiles files_;
    std::uint64_t instance_hash_;
    std::int64_t keep_seconds_;
    FileSystem* file_system_;
    FileLock lock_;
    CleanMark clean_;

    LoadedCheckpoint loaded_;
    Recovery recovery_;
    FileDescriptor log_;
    bool log_is_durable_ = false;        ///< its directory entry
    std::string run_;                    ///< the last one handed out
    std::set<std::string> log_archives_; ///< archives with segments that the log lists
    std::vector<Pending> pending_;       ///< written, not yet published
    bool in_doubt_ = false;              ///< a record may or may not be on disk: only reading it again tells
};

} // namespace meshprobe
