// tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT: a place that bytes are sent to.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace meshprobe {

struct SocketUrl {
    std::string scheme;
    std::string host; ///< IPv6 literals without brackets
    std::uint16_t port = 0;

    [[nodiscard]] std::string text() const;
};

/// There is no usual port: it must be given. `configuration` errors.
[[nodiscard]] Result<SocketUrl> parse_socket_url(std::string_view url);

} // namespace meshprobe
