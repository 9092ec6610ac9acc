// What refresh leaves for the others, in /var/lib/meshprobe/mesh/:
//
//   hosts         one HostName::text() per line, sorted by byte, nothing else: all that the generator and
//                 converge read. Opened without following links or blocking, at most 4 MiB, each line
//                 checked.
//   host/NAME     a small JSON record per host, read by its probes and by status
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct HostList {
    std::vector<std::string> hosts;   ///< sorted, unique
    std::vector<std::string> refused; ///< "line 7: …", for one log line each
};

/// An absent file is an empty optional: nothing was refreshed yet.
[[nodiscard]] Result<std::optional<HostList>> read_host_list(const Paths& paths);
[[nodiscard]] Result<std::optional<HostList>>
read_host_list(const std::filesystem::path& file); // the kept copy
[[nodiscard]] std::string format_host_list(const std::vector<std::string>& hosts);

/// host/NAME: {"host":…, "measurement-archives":[URL…], "meshes":[…], "addresses":[…], "alias-of": null|HOST}
struct HostRecord {
    std::string host;
    /// URLs as the meshes give them, best first, each with a trailing slash.
    std::vector<std::string> measurement_archives;
    std::vector<std::string> meshes;
    std::vector<std::string> addresses; ///< filled if merge-same-address
    std::string alias_of;               ///< empty: this host is collected itself
};

/// nullopt: no mesh names this host (it was enabled by hand).
[[nodiscard]] Result<std::optional<HostRecord>> read_host_record(const Paths& paths, std::string_view host);
[[nodiscard]] std::string format_host_record(const HostRecord& record);

/// Where to ask a host that no mesh names: https://HOST/esmond/perfsonar/archive/
[[nodiscard]] std::string standard_archive_url(std::string_view host);

} // namespace meshprobe
