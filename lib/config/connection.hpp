// How to reach what is named in the configuration, and what people note down about it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace meshprobe {

enum class Trust { ca, first_use, pin, any };
enum class IpVersion { any, v4, v6 };

/// How to connect to a mesh URL, a measurement archive or an archive. A value with '/' is a path, otherwise
/// the name of a credential: lib/credential.hpp reads both.
struct Connection {
    Trust trust = Trust::ca;
    std::string ca;                ///< tls.ca: file or directory; empty: the system's
    std::string certificate;       ///< tls.certificate: client certificate
    std::string key;               ///< tls.key
    std::vector<std::string> pins; ///< tls.pins: "sha256//BASE64" of the public key
    bool http_fallback = false;
    IpVersion ip_version = IpVersion::any;
    std::vector<std::string> connect_to; ///< as written: lib/connect_to.hpp reads them; the first that fits
    std::string bind_address;            ///< of this machine, to connect from; empty: the system's choice
    std::string proxy; ///< http://…, socks5h://…; empty: none (the environment is not consulted)
    std::string proxy_credential;      ///< USER:PASSWORD, or the password of the user in the URL
    std::string proxy_ca;              ///< of an https proxy: file or directory; empty: the system's
    std::vector<std::string> no_proxy; ///< sorted: names (and what is below them), addresses, networks

    [[nodiscard]] static Connection with(Trust trust) {
        Connection connection;
        connection.trust = trust;
        return connection;
    }
    bool operator==(const Connection&) const = default;
};

/// What people note down about a mesh, an archive, a task or a host: free text, kept as it is written.
struct Description {
    std::string description;
    std::string site;
    std::string country;
    std::string contact;
    std::string version;
    std::map<std::string, std::string, std::less<>> labels;
};

} // namespace meshprobe
