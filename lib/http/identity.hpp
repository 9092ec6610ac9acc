// Who an archiver is to an archive over HTTP: what `url` and `credential` of its section say together.
//
//   user in the URL      the credential is its password (basic authentication)
//   USER:PASSWORD        basic authentication
//   SCHEME TOKEN         the value of the Authorization field as it is: "ApiKey …", "Splunk …"
//   TOKEN                a bearer token, or whatever scheme that archive has
#pragma once

#include "lib/config/archive.hpp"
#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "lib/paths.hpp"

#include <string>

namespace meshprobe {

struct HttpIdentity {
    std::string url;           ///< without user and password
    std::string login;         ///< "USER:PASSWORD"; empty: none
    std::string authorization; ///< "Authorization: …"; empty: none

    void apply(HttpRequest& request) const;
};

/// `credentials` errors never say what is in the file.
[[nodiscard]] Result<HttpIdentity> identity_of(const Paths& paths, const Archive& archive);

} // namespace meshprobe
