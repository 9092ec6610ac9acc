#include "lib/host_name.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace meshprobe {

namespace {

constexpr std::size_t longest_host = 253;

/// What came from a stranger, fit for a log line.
std::string quoted(std::string_view text) {
    constexpr std::size_t shown = 80;
    std::string safe;
    for (const char c : text.substr(0, shown)) {
        safe += (c >= 0x20 && c < 0x7f) ? std::string(1, c)
                                        : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return fmt::format("\"{}{}\"", safe, text.size() > shown ? "…" : "");
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
    return fail(ErrorKind::protocol, fmt::format("{} is not a host name: {}", quoted(text), why));
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

std::string without_trailing_dot(std::string name) {
    if (name.size() > 1 && name.ends_with('.')) name.pop_back();
    return name;
}

bool is_label(std::string_view label) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, allowed);
}

bool is_dns_name(std::string_view name) {
    if (name.empty() || name.size() > longest_host) return false;
    while (true) {
        const auto dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) break;
        name.remove_prefix(dot + 1);
    }
    // A last label that is a number would be read as an IPv4 address by some resolvers ("1.2.3", "0x7f.1").
    return !name.starts_with("0x") && !std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<in_addr> ipv4(const std::string& text) {
    in_addr address{};
    if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
    return address;
}

std::optional<in6_addr> ipv6(const std::string& text) {
    in6_addr address{};
    if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
    return address;
}

std::string canonical(const in6_addr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &address, text.data(), text.size());
    return text.data();
}

AddressClass classify(std::uint32_t address) { // host byte order
    const auto in = [address](std::uint32_t network, int bits) {
        return (address >> (32 - bits)) == (network >> (32 - bits));
    };
    if (in(0x7f000000, 8)) return AddressClass::loopback;    // 127/8
    if (in(0xa9fe0000, 16)) return AddressClass::link_local; // 169.254/16
    if (in(0x0a000000, 8) || in(0xac100000, 12) || in(0xc0a80000, 16))
        return AddressClass::private_use;                     // RFC 1918
    if (in(0x64400000, 10)) return AddressClass::private_use; // 100.64/10, RFC 6598
    if (in(0x00000000, 8) || in(0xe0000000, 4) || in(0xf0000000, 4))
        return AddressClass::unusable; // this, multicast, reserved
    return AddressClass::global;
}

AddressClass classify(const in6_addr& address) {
    const auto* bytes = static_cast<const std::uint8_t*>(address.s6_addr);
    if (IN6_IS_ADDR_UNSPECIFIED(&address) || bytes[0] == 0xff) return AddressClass::unusable;
    if (IN6_IS_ADDR_LOOPBACK(&address)) return AddressClass::loopback;
    if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return AddressClass::link_local; // fe80::/10
    if ((bytes[0] & 0xfe) == 0xfc) return AddressClass::private_use;                    // fc00::/7
    // An IPv4 address in IPv6 clothes (::ffff:a.b.c.d, 64:ff9b::a.b.c.d) is judged as what it is.
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xff, 0x9b};
    if (std::memcmp(bytes, mapped.data(), 12) == 0 || std::memcmp(bytes, nat64.data(), 12) == 0) {
        std::uint32_t inner = 0;
        std::memcpy(&inner, bytes + 12, 4);
        return classify(ntohl(inner));
    }
    return AddressClass::global;
}

Result<std::optional<std::uint16_t>> parse_port(std::string_view whole, std::string_view digits) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65535 ||
        digits.front() == '0') {
        return refuse(whole, "the port must be a number from 1 to 65535");
    }
    return std::optional(static_cast<std::uint16_t>(port));
}

/// Port kept whatever it is; the callers know which one is the default.
Result<HostName> parse_host_and_port(std::string_view text) {
    if (text.empty()) return refuse(text, "it is empty");
    if (text.size() > longest_host + 8) return refuse(text, "it is too long");
    HostName name;
    std::string_view rest;
    if (text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return refuse(text, "the bracket is not closed");
        const auto address = ipv6(std::string(text.substr(1, end - 1)));
        if (!address) return refuse(text, "there is no IPv6 address in the brackets");
        name.host = canonical(*address);
        rest = text.substr(end + 1);
    } else if (std::ranges::count(text, ':') > 1) {
        const auto address = ipv6(std::string(text));
        if (!address) return refuse(text, "it is no IPv6 address, and names have no more than one colon");
        name.host = canonical(*address);
    } else {
        const auto colon = text.find(':');
        name.host = without_trailing_dot(lower(text.substr(0, colon)));
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (!ipv4(name.host) && !is_dns_name(name.host)) {
            const bool is_ascii =
                std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
            return refuse(
                text, is_ascii ? "expected letters, digits, '-' and '_' between single dots, or an address"
                               : "names with other letters are written in their ASCII form (xn--…)");
        }
    }
    if (rest.empty()) return name;
    if (rest.front() != ':' || rest.size() < 2) return refuse(text, "expected a port after ':'");
    const auto port = parse_port(text, rest.substr(1));
    if (!port) return fail(port.error());
    name.port = *port;
    return name;
}

} // namespace

std::string HostName::text() const {
    const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port ? fmt::format("{}:{}", shown, *port) : shown;
}

AddressClass HostName::address_class() const {
    if (const auto address = ipv4(host)) return classify(ntohl(address->s_addr));
    if (const auto address = ipv6(host)) return classify(*address);
    if (host == "localhost" || host.ends_with(".localhost")) return AddressClass::loopback; // RFC 6761
    return AddressClass::name;
}

Result<HostName> parse_host_name(std::string_view text) {
    auto name = parse_host_and_port(text);
    if (name && (name->port == 80 || name->port == 443)) name->port.reset();
    return name;
}

Result<Url> parse_url(std::string_view text) {
    const auto refuse_url = [&](std::string_view why) {
        return fail(ErrorKind::protocol, fmt::format("{} is not a usable URL: {}", quoted(text), why));
    };
    constexpr std::size_t longest_url = 4096;
    if (text.size() > longest_url) return refuse_url("it is too long");
    if (std::ranges::any_of(text,
                            [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) {
        return refuse_url("it holds blanks or control characters");
    }
    Url url;
    const auto colon = text.find("://");
    url.scheme = colon == std::string_view::npos ? "" : lower(text.substr(0, colon));
    if (url.scheme != "http" && url.scheme != "https") return refuse_url("expected http:// or https://");
    auto rest = text.substr(colon + 3);
    const auto slash = rest.find_first_of("/?#");
    auto authority = rest.substr(0, slash);
    if (authority.find('@') != std::string_view::npos)
        return refuse_url("user names and passwords have no place in it");
    auto host = parse_host_and_port(authority);
    if (!host) return fail(host.error().in(quoted(text)));
    if (host->port == (url.scheme == "http" ? 80 : 443)) host->port.reset();
    url.host = std::move(*host);
    url.path = slash == std::string_view::npos ? "" : std::string(rest.substr(slash, rest.find('#') - slash));
    if (!url.path.starts_with('/')) url.path.insert(0, "/");
    return url;
}

} // namespace meshprobe
