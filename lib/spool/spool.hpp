// The spool of one archive: spool/ARCHIVE/q/ holds segments to deliver, failed/ what was refused for good.
// The directory is the state; there is no index. Names sort in delivery order: <usec>-<instance hash>-<n>.
// Dot-files in q/ are uncommitted (see checkpoint/checkpoint.hpp) and belong to their instance alone.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <filesystem>
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
    Spool(const Paths& paths, std::string archive);

    [[nodiscard]] const std::string& archive() const { return archive_; }
    [[nodiscard]] std::filesystem::path queue() const { return directory_ / "q"; }
    [[nodiscard]] std::filesystem::path failed() const { return directory_ / "failed"; }

    /// Makes q/ and failed/ (2770); existing ones are left alone.
    [[nodiscard]] Status create() const;
    /// Visible segments, in delivery order. An absent directory is an empty spool.
    [[nodiscard]] Result<std::vector<std::string>> list() const;
    [[nodiscard]] Result<SpoolUsage> usage() const;

    /// After confirmation: unlink, then one fsync of q/ for the whole batch.
    [[nodiscard]] Status remove(const std::vector<std::string>& names) const;
    /// Damaged or refused as a whole: failed/NAME and failed/NAME.reason, durable.
    [[nodiscard]] Status set_aside(const std::string& name, std::string_view reason) const;
    /// Refused messages of an else delivered segment: a new segment in failed/, durable before the caller
    /// removes the original.
    [[nodiscard]] Status put_failed(const std::string& name, std::string_view segment_bytes, std::string_view reason) const;

  private:
    std::string archive_;
    std::filesystem::path directory_;
};

/// Archives that have a spool directory, configured or not: what is not configured is an orphan.
[[nodiscard]] Result<std::vector<std::string>> list_spools(const Paths& paths);

} // namespace meshprobe
