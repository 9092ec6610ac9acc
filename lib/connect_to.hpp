// Where to connect instead: one entry of `connect-to:`, which is curl's --connect-to, or short for one.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// What goes to host:port is to be sent to to_host:to_port; name and certificate stay those of the host.
struct ConnectTo {
    std::string host;                     ///< without brackets; empty: any
    std::optional<std::uint16_t> port;    ///< any
    std::string to_host;                  ///< without brackets; empty: the same host
    std::optional<std::uint16_t> to_port; ///< the same port

    /// Is this about a connection to host:port?
    [[nodiscard]] bool is_about(std::string_view other_host, std::uint16_t other_port) const;
    /// HOST:PORT:HOST2:PORT2, IPv6 addresses in brackets: what CURLOPT_CONNECT_TO takes.
    [[nodiscard]] std::string text() const;

    bool operator==(const ConnectTo&) const = default;
};

/// HOST:PORT:HOST2:PORT2 with any part empty, or for whatever host and port: ADDRESS, ADDRESS:PORT,
/// [ADDRESS]:PORT.
[[nodiscard]] Result<ConnectTo> parse_connect_to(std::string_view text);

} // namespace meshprobe
