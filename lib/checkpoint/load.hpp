// The two files of an instance, read together.
#pragma once

#include "lib/checkpoint/record.hpp"
#include "lib/checkpoint/state.hpp"
#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"
#include "lib/spool/file_system.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace meshprobe {

struct CheckpointFiles {
    CheckpointFiles(const Paths& paths, const Instance& instance); ///< of its regular runs
    /// `name` is also what segments are told apart by: no two checkpoints of a machine may share it.
    CheckpointFiles(std::filesystem::path directory, std::string name);

    std::filesystem::path directory;
    std::string name;
    std::filesystem::path snapshot;
    std::filesystem::path log;
    std::filesystem::path lock;
};

struct LoadedCheckpoint {
    CheckpointState state;
    std::vector<LoggedSegment> logged; ///< by the records of the log, in order
    bool exists = false;               ///< false: nothing was ever committed
    bool has_log = false;              ///< one of the snapshot's generation
    std::uint64_t generation = 0;      ///< of the snapshot; 0: there is none yet
    std::uint64_t snapshot_size = 0;
    std::uint64_t log_size = 0; ///< of what is sound
    bool has_records = false;
    bool is_torn = false; ///< something torn follows that
};

/// Safe beside a process that commits or compacts: files of different generations are read again.
[[nodiscard]] Result<LoadedCheckpoint> load_checkpoint(FileSystem& file_system, const CheckpointFiles& files,
                                                       std::int64_t keep_seconds);

} // namespace meshprobe
