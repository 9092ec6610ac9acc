#include "lib/mesh/mesh_name.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <string>

namespace meshprobe {

std::string in_quotes(std::string_view text) {
    constexpr std::size_t longest = 80;
    std::string safe;
    for (const char byte : text.substr(0, longest)) {
        safe += byte >= 0x20 && byte < 0x7f ? std::string(1, byte)
                                            : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    return fmt::format("\"{}{}\"", safe, text.size() > longest ? "…" : "");
}

Status check_mesh_address(std::string_view address) {
    constexpr std::size_t longest = 253;
    if (address.empty()) return fail(ErrorKind::protocol, "it has no address");
    if (address.size() > longest) {
        return fail(ErrorKind::protocol,
                    fmt::format("an address of {} bytes; expected at most {}", address.size(), longest));
    }
    if (address.find(':') != std::string_view::npos) {
        in6_addr ipv6{};
        if (::inet_pton(AF_INET6, std::string(address).c_str(), &ipv6) == 1) return {};
        return fail(
            ErrorKind::protocol,
            fmt::format("the address {} is neither a host name nor an IP address", in_quotes(address)));
    }
    const auto allowed = [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
               byte == '.' || byte == '-' || byte == '_';
    };
    if (!std::ranges::all_of(address, allowed) || address.find("..") != std::string_view::npos ||
        address.starts_with('.') || address.starts_with('-')) {
        return fail(
            ErrorKind::protocol,
            fmt::format("the address {} is neither a host name nor an IP address", in_quotes(address)));
    }
    return {};
}

Status check_mesh_name(std::string_view name) {
    constexpr std::size_t longest = 255;
    if (name.size() > longest) {
        return fail(ErrorKind::protocol,
                    fmt::format("a name of {} bytes; expected at most {}", name.size(), longest));
    }
    if (std::ranges::any_of(
            name, [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }))
        return fail(ErrorKind::protocol, "a name with control characters");
    return {};
}

} // namespace meshprobe
