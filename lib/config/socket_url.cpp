#include "lib/config/socket_url.hpp"

#include <fmt/core.h>

#include <charconv>

namespace meshprobe {
namespace {

tl::unexpected<Error> unusable(std::string_view why) {
    return fail(ErrorKind::configuration,
                fmt::format("the URL of the archive: {}; expected tcp://HOST:PORT, tls://HOST:PORT or "
                            "udp://HOST:PORT",
                            why));
}

} // namespace

std::string SocketUrl::text() const {
    const bool literal = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", scheme, literal ? "[" : "", host, literal ? "]" : "", port);
}

Result<SocketUrl> parse_socket_url(std::string_view text) {
    SocketUrl url;
    const auto colons = text.find("://");
    if (colons == std::string_view::npos) return unusable("it names no scheme");
    url.scheme = text.substr(0, colons);
    text.remove_prefix(colons + 3);
    if (text.ends_with('/')) text.remove_suffix(1);
    if (text.find('@') != std::string_view::npos)
        return unusable("nobody logs in there, but it names a user");
    if (text.find_first_of("/?#") != std::string_view::npos)
        return unusable("there is nothing to be named after the port");
    const auto bracket = text.find(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon == std::string_view::npos) return unusable("it names no port");
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || url.port == 0)
        return unusable("the port is no number from 1 to 65535");
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) return unusable("it names no host");
    url.host = host;
    return url;
}

} // namespace meshprobe
