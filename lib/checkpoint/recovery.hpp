// What a probe that died left in the spools: dot-files of its instance, committed or not.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/checkpoint/record.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"
#include "lib/spool/file_system.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace meshprobe {

/// Publishes what `logged` lists, deletes what it does not. `sync_log` runs before the first publication: the
/// probe may have died between writing its record and syncing it, and what a power cut can still take back
/// must not be delivered. `last_usec` is raised to what the names found were made from.
[[nodiscard]] Result<Recovery> recover_spools(FileSystem& file_system, const Paths& paths,
                                              std::uint64_t instance_hash,
                                              const std::vector<LoggedSegment>& logged,
                                              const std::function<Status()>& sync_log,
                                              std::int64_t& last_usec);

/// Whether the instance may have left dot-files. With a backlog of 100 000 segments looking for them takes
/// longer than the rest of a run, so the lock file remembers, until the next boot, that nobody has left any.
/// It is never synced: after a power cut it belongs to another boot and counts for nothing.
class CleanMark {
  public:
    explicit CleanMark(std::filesystem::path lock_file);

    [[nodiscard]] bool is_set() const;
    void set();
    [[nodiscard]] Status clear(); ///< before the first dot-file is made

  private:
    std::filesystem::path file_;
    std::string boot_; ///< empty: unknown, then it is never set
};

/// True where looking costs next to nothing: then recovery looks, whatever the mark says.
[[nodiscard]] bool spools_are_small(FileSystem& file_system, const Paths& paths);

} // namespace meshprobe
