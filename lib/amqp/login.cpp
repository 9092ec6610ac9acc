#include "lib/amqp/login.hpp"

#include "lib/credential.hpp"

#include <fmt/core.h>

#include <utility>

namespace meshprobe {

namespace {

/// The configuration sees to it that one of them is there.
Status find_identity(const Paths& paths, const Archive& archive, AmqpLogin& login) {
    login.user = login.url.user;
    if (!archive.credential.empty()) {
        auto password = read_credential(paths, "archive", archive.credential);
        if (!password) return fail(password.error());
        login.password = std::move(*password);
        login.external = login.url.external;
    } else if (login.url.password) {
        login.password = *login.url.password;
        login.external = login.url.external;
    } else if (login.url.tls && !archive.connection.certificate.empty()) {
        login.external = true;
    } else if (login.user.empty()) {
        login.user = login.password =
            "guest"; // as the URI specification says; brokers take it from loopback only
    } else {
        return fail(ErrorKind::credentials,
                    fmt::format("archives.{}: there is no password for user \"{}\"; put it into "
                                "/etc/meshprobe/credentials/archive/NAME and set credential: NAME",
                                archive.name, login.user));
    }
    return {};
}

} // namespace

Result<AmqpLogin> login_of(const Paths& paths, const Archive& archive) {
    auto url = parse_amqp_url(archive.url);
    if (!url) return fail(url.error().in("archives." + archive.name));
    AmqpLogin login;
    login.url = std::move(*url);
    login.heartbeat = archive.heartbeat;
    login.ip_version = archive.connection.ip_version;
    login.connect_to = archive.connection.connect_to;
    if (auto found = find_identity(paths, archive, login); !found) return fail(found.error());
    return login;
}

} // namespace meshprobe
