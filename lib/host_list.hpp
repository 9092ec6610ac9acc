// The hosts to collect, as refresh leaves them in /var/lib/meshprobe/mesh/hosts: one HostName::text() per
// line, sorted by byte, nothing else. It is all that the generator and converge read. Opened without
// following links or blocking, at most 4 MiB, each line checked. What the meshes say of each:
// lib/host_record.hpp.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <filesystem>
#include <optional>
#include <string>
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

} // namespace meshprobe
