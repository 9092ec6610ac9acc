#include "lib/config/amqp_url.hpp"

#include "lib/percent_encoding.hpp"

#include <fmt/core.h>

#include <charconv>

namespace meshprobe {
namespace {

constexpr const char* form = "expected amqps://USER@HOST[:PORT]/VHOST or amqp://…";

tl::unexpected<Error> bad(std::string_view why) {
    return fail(ErrorKind::configuration, fmt::format("the URL of the archive: {}; {}", why, form));
}

Status parse_authority(std::string_view authority, AmqpUrl& url) {
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = authority.substr(0, at);
        const auto colon = login.find(':');
        const auto user = percent_decode(login.substr(0, colon));
        if (!user) return bad("the user is not percent-encoded as it should");
        url.user = *user;
        if (colon != std::string_view::npos) {
            url.password = percent_decode(login.substr(colon + 1));
            if (!url.password) return bad("the password is not percent-encoded as it should");
        }
        authority.remove_prefix(at + 1);
    }
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto bracket = authority.find(']');
        if (bracket == std::string_view::npos) return bad("the host's bracket is not closed");
        url.host = authority.substr(1, bracket - 1);
        port = authority.substr(bracket + 1);
    } else {
        const auto colon = authority.find(':');
        url.host = authority.substr(0, colon);
        port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    }
    if (url.host.empty()) return bad("there is no host");
    url.port = url.tls ? 5671 : 5672;
    if (port.empty()) return {};
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
        return bad("the port is no number from 1 to 65535");
    return {};
}

} // namespace

std::string AmqpUrl::text() const {
    const bool literal = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}{}", tls ? "amqps" : "amqp", literal ? "[" : "", host,
                       literal ? "]" : "", port, vhost.starts_with('/') ? "" : "/", vhost);
}

Result<AmqpUrl> parse_amqp_url(std::string_view text) {
    AmqpUrl url;
    if (text.starts_with("amqps://")) {
        url.tls = true;
        text.remove_prefix(8);
    } else if (text.starts_with("amqp://")) {
        text.remove_prefix(7);
    } else {
        return bad("it does not begin with amqps:// or amqp://");
    }
    const auto question = text.find('?');
    if (question != std::string_view::npos) {
        const std::string_view query = text.substr(question + 1);
        if (query == "auth_mechanism=external" || query == "auth_mechanism=EXTERNAL") {
            url.external = true;
        } else {
            return bad("after '?' only auth_mechanism=external is known");
        }
        text = text.substr(0, question);
    }
    if (text.find('#') != std::string_view::npos)
        return bad("'#' has no meaning in it (percent-encode it: %23)");
    const auto slash = text.find('/');
    if (auto parsed = parse_authority(text.substr(0, slash), url); !parsed) return fail(parsed.error());
    if (slash != std::string_view::npos && slash + 1 < text.size()) {
        const auto vhost = percent_decode(text.substr(slash + 1));
        if (!vhost || text.find('/', slash + 1) != std::string_view::npos)
            return bad("the virtual host is not percent-encoded as it should (a '/' in it is %2F)");
        if (vhost->size() > 255) return bad("the virtual host is longer than 255 bytes");
        url.vhost = *vhost;
    }
    if (url.external && !url.tls) return bad("auth_mechanism=external needs amqps://");
    return url;
}

} // namespace meshprobe
