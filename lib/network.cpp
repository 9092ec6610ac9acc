#include "lib/network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace meshprobe {

namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// The bits of byte `index` that belong to a prefix of `bits`.
std::uint8_t mask(unsigned index, unsigned bits) {
    const unsigned inside = bits > index * 8 ? std::min(bits - index * 8, 8U) : 0;
    return static_cast<std::uint8_t>(0xff00U >> inside);
}

} // namespace

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
    return text.data();
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    const std::string terminated(text);
    IpAddress address;
    if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
    address.size = 16;
    if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) != 1) return std::nullopt;
    if (!std::equal(mapped.begin(), mapped.end(), address.bytes.begin())) return address;
    IpAddress inner;
    std::copy(address.bytes.begin() + mapped.size(), address.bytes.end(), inner.bytes.begin());
    return inner;
}

bool IpNetwork::contains(const IpAddress& address) const {
    if (address.size != base.size) return false;
    for (unsigned i = 0; i < base.size; ++i) {
        if (((address.bytes.at(i) ^ base.bytes.at(i)) & mask(i, bits)) != 0) return false;
    }
    return true;
}

bool IpNetwork::has_host_bits() const {
    for (unsigned i = 0; i < base.size; ++i) {
        if ((base.bytes.at(i) & static_cast<std::uint8_t>(~mask(i, bits))) != 0) return true;
    }
    return false;
}

std::optional<IpNetwork> parse_ip_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto base = parse_ip_address(text.substr(0, slash));
    if (!base) return std::nullopt;
    IpNetwork network{*base, base->size * 8};
    if (slash == std::string_view::npos) return network;
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), network.bits);
    const bool is_good = error == std::errc() && end == digits.data() + digits.size();
    if (!is_good || network.bits > base->size * 8) return std::nullopt;
    return network;
}

} // namespace meshprobe
