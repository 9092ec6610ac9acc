// IP addresses and networks as people write them: 192.0.2.1, 2001:db8::/32.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{}; ///< an IPv4 address fills the first four
    unsigned size = 4;                    ///< in bytes: 4 or 16

    [[nodiscard]] std::string text() const;
    bool operator==(const IpAddress&) const = default;
};

/// Without brackets, prefix length or zone. An IPv4 address within IPv6 (::ffff:192.0.2.1) is the IPv4 one.
[[nodiscard]] std::optional<IpAddress> parse_ip_address(std::string_view text);

struct IpNetwork {
    IpAddress base;
    unsigned bits = 0; ///< of the prefix

    [[nodiscard]] bool contains(const IpAddress& address) const;
    [[nodiscard]] bool has_host_bits() const; ///< 192.0.2.1/24
    bool operator==(const IpNetwork&) const = default;
};

/// ADDRESS/BITS, or an address alone, which is a network of one.
[[nodiscard]] std::optional<IpNetwork> parse_ip_network(std::string_view text);

} // namespace meshprobe
