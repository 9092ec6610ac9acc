// What the meshes say of each host that they name, as refresh leaves it in /var/lib/meshprobe/mesh/records
// for the probes and for status: one JSON object a line,
//
//   {"host":…, "measurement-archives":[URL…], "meshes":[…], "addresses":[…], "alias-of": null|HOST}
//
// sorted by host, byte for byte, each host once. One file: a mesh may bring thousands of hosts at once, and a
// file system takes seconds to make as many files. A probe bisects it, and never reads more than a few
// blocks.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct HostRecord {
    std::string host;
    /// URLs as the meshes give them, best first, each with a trailing slash.
    std::vector<std::string> measurement_archives;
    std::vector<std::string> meshes;
    std::vector<std::string> addresses; ///< filled if merge-same-address
    std::string alias_of;               ///< empty: this host is collected itself
};
/// By HostRecord::host.
using HostRecords = std::map<std::string, HostRecord, std::less<>>;

/// nullopt: no mesh names this host (it was enabled by hand), or nothing was refreshed yet.
[[nodiscard]] Result<std::optional<HostRecord>> read_host_record(const Paths& paths, std::string_view host);
/// Of all hosts, for who looks at more than a few; empty: nothing was refreshed yet.
[[nodiscard]] Result<HostRecords> read_host_records(const Paths& paths);

[[nodiscard]] std::string format_host_records(const HostRecords& records);
/// The lines of both files, those of `preferred` where both know a host.
[[nodiscard]] std::string merge_host_records(std::string_view preferred, std::string_view other);

/// Where to ask a host that no mesh names: https://HOST/esmond/perfsonar/archive/
[[nodiscard]] std::string standard_archive_url(std::string_view host);

} // namespace meshprobe
