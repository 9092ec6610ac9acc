// What meshprobe's services connect to, as the configuration and the meshes name it.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/http/dial.hpp"
#include "lib/paths.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Target {
    enum class Kind { mesh, host, archive };

    Kind kind = Kind::host;
    std::string name; ///< of the mesh, host or archive
    std::string unit; ///< the service that connects
    std::string url;  ///< that it asks first
    Connection connection;
    std::string interface;                         ///< of the VRF that the task runs in; empty: none
    std::string user;                              ///< whose credentials: "mesh", "probe", "archive"
    std::optional<Archive> archive = std::nullopt; ///< of that kind only
};

[[nodiscard]] std::string_view kind_name(Target::Kind kind);

/// Enabled meshes with a URL, hosts with an enabled task (aliases too: they may have to take over), enabled
/// archives with a URL, or with a path: file:/srv/results is the directory of files, unix:/dev/log a socket.
[[nodiscard]] Result<std::vector<Target>> find_targets(const Paths& paths, const Config& config);

/// The path of such a URL of this machine; empty: it is another one's.
[[nodiscard]] std::string_view local_path_of(std::string_view url);

/// Of "scheme://user:password@host:port/…", the port by the scheme unless it is given; nullopt: none of that
/// form, or a scheme without a usual port.
[[nodiscard]] std::optional<Endpoint> endpoint_of(std::string_view url);

} // namespace meshprobe
