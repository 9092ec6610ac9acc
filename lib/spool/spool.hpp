// The spool of one archive: spool/ARCHIVE/q/ holds segments to deliver, failed/ what was refused for good.
// The directory is the state; there is no index. Names sort in delivery order: <usec>-<instance hash>-<n>.
// Dot-files in q/ are uncommitted (see checkpoint/checkpoint.hpp) and belong to their instance alone.
//
// Probes write, archivers read and delete, as different users of one group: directories are 2770, files 0640.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"
#include "lib/spool/file_system.hpp"
#include "lib/spool/segment.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct SpoolUsage {
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::uint64_t failed_segments = 0;
    std::uint64_t failed_bytes = 0;
};

class Spool {
  public:
    Spool(const Paths& paths, std::string archive, FileSystem& file_system = FileSystem::real());

    [[nodiscard]] const std::string& archive() const { return archive_; }
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] std::filesystem::path queue() const { return directory_ / "q"; }
    [[nodiscard]] std::filesystem::path failed() const { return directory_ / "failed"; }

    /// Makes q/ and failed/ (2770), durably; existing ones are left alone.
    [[nodiscard]] Status create() const;
    /// Visible segments, in delivery order. An absent directory is an empty spool.
    [[nodiscard]] Result<std::vector<std::string>> list() const;
    [[nodiscard]] Result<std::vector<std::string>> list_failed() const;
    [[nodiscard]] Result<SpoolUsage> usage() const;

    /// nullopt: it went away since list() (dropped to make room, or by hand). A damaged one is an error.
    [[nodiscard]] Result<std::optional<Segment>> read(const std::string& name) const;
    [[nodiscard]] Result<std::optional<Segment>> read_failed(const std::string& name) const;
    /// Why it is in failed/: one line; empty if nobody wrote it down.
    [[nodiscard]] std::string failed_reason(const std::string& name) const;

    /// After confirmation. Absent ones are fine. A power cut may bring them back until sync_queue().
    [[nodiscard]] Status remove(const std::vector<std::string>& names) const;
    [[nodiscard]] Status sync_queue() const;
    /// Damaged or refused as a whole: failed/NAME and failed/NAME.reason, durable.
    [[nodiscard]] Status set_aside(const std::string& name, std::string_view reason) const;
    /// Refused messages of an else delivered segment: a new segment in failed/, durable before the caller
    /// removes the original. Doing it again after a crash replaces the earlier one.
    [[nodiscard]] Status put_failed(const std::string& name, std::string_view segment_bytes,
                                    std::string_view reason) const;
    /// failed/NAME back to q/NAME: same ids, same bytes.
    [[nodiscard]] Status retry(const std::string& name) const;
    [[nodiscard]] Status remove_failed(const std::vector<std::string>& names) const;

  private:
    [[nodiscard]] Status prepare_failed() const;
    [[nodiscard]] Status write_reason(const std::string& name, std::string_view reason) const;

    std::string archive_;
    std::filesystem::path directory_;
    FileSystem* file_system_;
};

/// Archives that have a spool directory, configured or not, sorted: what is not configured is an orphan.
[[nodiscard]] Result<std::vector<std::string>> list_spools(const Paths& paths,
                                                           FileSystem& file_system = FileSystem::real());

} // namespace meshprobe
