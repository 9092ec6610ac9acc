#include "lib/connect_to.hpp"

#include "lib/host_name.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include <charconv>
#include <vector>

namespace meshprobe {

namespace {

constexpr std::string_view forms = "expected HOST:PORT:HOST2:PORT2 as curl's --connect-to, or ADDRESS, "
                                   "ADDRESS:PORT or [ADDRESS]:PORT";

tl::unexpected<Error> refuse(std::string_view text) {
    constexpr std::size_t shown = 200;
    return fail(ErrorKind::configuration, fmt::format("{}, got \"{}\"", forms, text.substr(0, shown)));
}

bool is_ipv6(std::string_view text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

/// At the colons that are not in brackets.
std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    bool in_brackets = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '[') in_brackets = true;
        if (text[i] == ']') in_brackets = false;
        if (text[i] != ':' || in_brackets) continue;
        parts.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    parts.push_back(text.substr(begin));
    return parts;
}

bool read_host(std::string_view text, std::string& host) {
    if (text.empty()) return true;
    const auto name = parse_host_name(text);
    if (!name || name->port) return false;
    host = name->host;
    return true;
}

bool read_port(std::string_view text, std::optional<std::uint16_t>& port) {
    if (text.empty()) return true;
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0) return false;
    port = number;
    return true;
}

std::string in_brackets(const std::string& host) {
    return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

std::string shown(const std::optional<std::uint16_t>& port) {
    return port ? std::to_string(*port) : std::string{};
}

} // namespace

bool ConnectTo::is_about(std::string_view other_host, std::uint16_t other_port) const {
    return (host.empty() || host == other_host) && (!port || *port == other_port);
}

std::string ConnectTo::text() const {
    return fmt::format("{}:{}:{}:{}", in_brackets(host), shown(port), in_brackets(to_host), shown(to_port));
}

Result<ConnectTo> parse_connect_to(std::string_view text) {
    ConnectTo entry;
    // An IPv6 address without brackets would be taken apart at its colons.
    if (is_ipv6(text)) return read_host(text, entry.to_host) ? Result<ConnectTo>(entry) : refuse(text);
    const auto parts = split(text);
    if (parts.size() == 4) {
        const bool good = read_host(parts[0], entry.host) && read_port(parts[1], entry.port) &&
                          read_host(parts[2], entry.to_host) && read_port(parts[3], entry.to_port);
        if (good && (!entry.to_host.empty() || entry.to_port)) return entry;
    } else if (parts.size() <= 2 && !parts[0].empty()) {
        const bool good =
            read_host(parts[0], entry.to_host) && (parts.size() == 1 || read_port(parts[1], entry.to_port));
        if (good) return entry;
    }
    return refuse(text);
}

} // namespace meshprobe
