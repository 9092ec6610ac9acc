// How a host is named on a command line: as people write it, or by a glob.
#pragma once

#include <string>

namespace meshprobe {

/// `host` is HostName::text(). Upper case, a trailing dot and a default port in `argument` do not matter.
[[nodiscard]] bool names_host(const std::string& argument, const std::string& host);

} // namespace meshprobe
