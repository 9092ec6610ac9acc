// Gathers the report: configuration, instances with what systemd and their files say, meshes, archives.
#pragma once

#include "ctl/status/report.hpp"
#include "lib/paths.hpp"

#include <span>

namespace meshprobe::status {

/// `hosts` are names, instances or globs; empty: all. Never fails as a whole: what cannot be had is noted.
[[nodiscard]] Report gather(const Paths& paths, std::span<const std::string> hosts);

// Its parts.

/// Which instances there are, and what their files say.
[[nodiscard]] std::vector<InstanceStatus> find_instances(const Paths& paths,
                                                         std::span<const std::string> hosts, Report& report);
/// What systemd says about them; the report notes if it cannot be asked.
void ask_systemd(const Paths& paths, Report& report);
/// Backlogs, quotas, archivers; orphans too.
[[nodiscard]] std::vector<ArchiveStatus> find_archives(const Paths& paths, const Config& config,
                                                       Report& report);
/// The last days of each host in a local archive, newest first.
[[nodiscard]] Result<std::map<std::string, std::vector<DayVolume>, std::less<>>>
read_volume(const std::filesystem::path& database);

} // namespace meshprobe::status
