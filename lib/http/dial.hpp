// A connection, with TLS if wanted, and nothing said over it: whether the way to a broker or database is
// open.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace meshprobe {

struct Endpoint {
    std::string host; ///< without brackets
    std::uint16_t port = 0;
    bool tls = false;
};

/// As meshprobe's own services of user `user` would connect; closed at once. `untrusted` if its certificate
/// is refused, `unreachable` if there is no connection, `credentials` if a file that `connection` names
/// cannot be read.
[[nodiscard]] Status dial(const Paths& paths, const Endpoint& endpoint, const Connection& connection,
                          std::string_view user, Microseconds time);

} // namespace meshprobe
