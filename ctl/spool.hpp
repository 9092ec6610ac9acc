// meshprobectl spool in two files: what it shows (spool.cpp) and what it changes (spool_change.cpp).
#pragma once

#include "lib/command_line.hpp"
#include "lib/error.hpp"
#include "lib/exit_code.hpp"
#include "lib/spool/spool.hpp"

#include <optional>
#include <string>
#include <vector>

namespace meshprobe::spool_command {

/// One of the spools there are; a `usage` error with the nearest name otherwise.
[[nodiscard]] Result<Spool> existing_spool(const Paths& paths, const std::string& archive);

struct StoredSegment {
    std::string name;
    bool failed = false;

    [[nodiscard]] std::filesystem::path path(const Spool& spool) const {
        return (failed ? spool.failed() : spool.queue()) / name;
    }
    [[nodiscard]] Result<std::optional<Segment>> read(const Spool& spool) const {
        return failed ? spool.read_failed(name) : spool.read(name);
    }
};

/// Queued ones in delivery order, then failed ones.
[[nodiscard]] Result<std::vector<StoredSegment>> stored_segments(const Spool& spool);

/// Whether the configuration in force spools for it; nullopt: there is no usable configuration.
[[nodiscard]] std::optional<bool> is_configured(const Paths& paths, const std::string& archive);

ExitCode retry(const CommandLine& line);
ExitCode export_messages(const CommandLine& line);
ExitCode drop(const CommandLine& line);

} // namespace meshprobe::spool_command
