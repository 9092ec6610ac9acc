#include "lib/http/identity.hpp"

#include "lib/config/checks.hpp"
#include "lib/credential.hpp"
#include "lib/percent_encoding.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

/// Takes USER[:PASSWORD]@ out of the URL.
std::string take_login(std::string& url) {
    const auto path = check::path_of_url(url);
    const auto at = url.rfind('@', path);
    const auto scheme = url.find("://");
    if (at == std::string::npos || scheme == std::string::npos || at < scheme) return {};
    const auto begin = scheme + 3;
    auto login = url.substr(begin, at - begin);
    url.erase(begin, at + 1 - begin);
    return login;
}

Error credential_error(const Archive& archive, std::string_view what) {
    return {ErrorKind::credentials,
            fmt::format("archives.{}: credential \"{}\" {}", archive.name, archive.credential, what)};
}

} // namespace

void HttpIdentity::apply(HttpRequest& request) const {
    request.login = login;
    if (!authorization.empty()) request.headers.push_back(authorization);
}

Result<HttpIdentity> identity_of(const Paths& paths, const Archive& archive) {
    HttpIdentity identity;
    identity.url = archive.url;
    const auto written = take_login(identity.url);
    const auto colon = written.find(':');
    const auto user = percent_decode(written.substr(0, colon));
    const auto password = percent_decode(colon == std::string::npos ? "" : written.substr(colon + 1));
    if (!user || !password || user->find(':') != std::string::npos) {
        return fail(
            ErrorKind::configuration,
            fmt::format("archives.{}.url: the user in it cannot be read; %NN is expected for what is no "
                        "letter, digit or one of -._~, and a user has no colon",
                        archive.name));
    }
    if (archive.credential.empty()) {
        if (!written.empty()) identity.login = *user + ':' + *password;
        return identity;
    }
    const auto secret = read_credential(paths, "archive", archive.credential);
    if (!secret) return fail(secret.error().in("archives." + archive.name));
    if (secret->empty()) return fail(credential_error(archive, "is empty"));
    if (std::ranges::any_of(*secret,
                            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return fail(credential_error(archive, "has control characters or several lines; expected one line"));
    const auto separator = secret->find_first_of(": ");
    if (!user->empty()) {
        identity.login = *user + ':' + *secret;
    } else if (separator == std::string::npos) {
        const std::string_view scheme = archive.archiver == "esmond" ? "Token" : "Bearer";
        identity.authorization = fmt::format("Authorization: {} {}", scheme, *secret);
    } else if ((*secret)[separator] == ':') {
        identity.login = *secret;
    } else {
        identity.authorization = "Authorization: " + *secret;
    }
    return identity;
}

} // namespace meshprobe
