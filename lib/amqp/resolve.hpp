// From the name of a broker to addresses to try.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct DialTarget {
    std::string host;
    std::uint16_t port = 0;
};

/// Where to go for host and port, by Connection::connect_to.
[[nodiscard]] DialTarget dial_target(const std::string& host, std::uint16_t port,
                                     const std::vector<std::string>& connect_to);

/// Numeric addresses in the order to try them; `unreachable` if there are none.
[[nodiscard]] Result<std::vector<std::string>> resolve(const std::string& host, IpVersion version);

/// Why a connection to that address cannot be had, in the kernel's words ("Connection refused"), which
/// librabbitmq does not pass on; `otherwise` if it suddenly can be had.
[[nodiscard]] std::string explain_dial(const std::string& address, std::uint16_t port,
                                       std::string_view otherwise);

} // namespace meshprobe
