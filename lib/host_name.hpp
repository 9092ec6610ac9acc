// The name of a measurement archive's host, as it comes from strangers' documents: `host[:port]`, lower
// case, default port dropped; `host` is a DNS name, an IPv4 literal or a bracketed IPv6 literal.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

enum class AddressClass { name, global, private_use, loopback, link_local, unusable };

struct HostName {
    std::string host;                  ///< without brackets, lower case
    std::optional<std::uint16_t> port; ///< nullopt: the default of the scheme

    /// `ps1.example.org`, `ps1.example.org:8443`, `[2001:db8::1]:8443`; IPv6 literals are always bracketed.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] AddressClass address_class() const;
    bool operator==(const HostName&) const = default;
};

/// Strict: refuses user info, paths, blanks, control characters, empty or over-long labels, port 0.
/// Ports 80 and 443 are dropped. "localhost" is of class loopback.
[[nodiscard]] Result<HostName> parse_host_name(std::string_view text);

/// Takes scheme://host[:port]/… apart; port 80 of http and 443 of https are dropped, other ports are kept.
struct Url {
    std::string scheme; ///< "http" or "https", nothing else is accepted
    HostName host;
    std::string path; ///< begins with '/', may be just that; query included
};
[[nodiscard]] Result<Url> parse_url(std::string_view text);

} // namespace meshprobe
