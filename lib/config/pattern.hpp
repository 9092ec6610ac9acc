// The keys under hosts: names, host:port, or globs with `*` and `?`.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

struct HostPattern {
    std::string text; ///< HostName::text(), or the glob in lower case
    bool is_glob = false;
};

[[nodiscard]] Result<HostPattern> parse_host_pattern(std::string_view key);

/// `host` is HostName::text(). A glob is compared with all of it, and with what is left without the port.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view host);

/// "ps1.example.org" of "ps1.example.org:8443"; brackets of IPv6 literals stay.
[[nodiscard]] std::string_view without_port(std::string_view host);

} // namespace meshprobe
