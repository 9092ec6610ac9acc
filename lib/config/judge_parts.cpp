#include "lib/config/judge_parts.hpp"

#include "lib/config/checks.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

void judge_trust(Reader& reader, const Node::Entry& entry, const Connection& connection) {
    if (connection.trust == Trust::pin && connection.pins.empty()) {
        error_at(reader, entry, "tls", "tls.trust is \"pin\", but tls.pins names no key");
    }
    if (connection.certificate.empty() && !connection.key.empty()) {
        error_at(reader, entry, "tls", "tls.key is given without tls.certificate");
    }
}

bool is_ipv6(std::string_view address) {
    return address.find(':') != std::string_view::npos;
}

} // namespace

void error_at(Reader& reader, const Node::Entry& entry, std::string_view key, const std::string& message) {
    const auto found = entry.value->entries.find(key);
    if (found == entry.value->entries.end()) {
        reader.error(entry.mark, message);
    } else {
        const auto step = reader.enter(key);
        reader.error(found->second.value->mark, message);
    }
}

void warning_at(Reader& reader, const Node::Entry& entry, std::string_view key, const std::string& message) {
    const auto found = entry.value->entries.find(key);
    if (found == entry.value->entries.end()) {
        reader.warning(entry.mark, message);
    } else {
        const auto step = reader.enter(key);
        reader.warning(found->second.value->mark, message);
    }
}

void warn_of_password(Reader& reader, const Node::Entry& entry, std::string_view key, std::string_view url,
                      std::string_view instead) {
    if (!check::has_password(url)) return;
    warning_at(reader, entry, key,
               fmt::format("a password in a URL is seen by everybody who may read this file; {}", instead));
}

void judge_connection(Reader& reader, const Node::Entry& entry, const Connection& connection) {
    judge_trust(reader, entry, connection);
    const auto& bind = connection.bind_address;
    const auto impossible = is_ipv6(bind) ? IpVersion::v4 : IpVersion::v6;
    if (!bind.empty() && connection.ip_version == impossible) {
        error_at(reader, entry, "bind-address",
                 fmt::format("from {} nothing can be reached with ip-version {}", bind,
                             impossible == IpVersion::v4 ? 4 : 6));
    }
    if (connection.proxy.empty() && !connection.proxy_credential.empty()) {
        warning_at(reader, entry, "proxy-credential", "means nothing without a proxy:");
    }
    if (entry.value->find("proxy") != nullptr)
        warn_of_password(reader, entry, "proxy", connection.proxy, "prefer proxy-credential:");
}

void judge_fixed_trust(Reader& reader, const Node::Entry& entry, const Connection& connection) {
    judge_connection(reader, entry, connection);
    if (connection.trust == Trust::first_use) {
        error_at(reader, entry, "tls",
                 "tls.trust \"first-use\" is for measurement hosts only; expected ca, pin or any");
    }
}

} // namespace meshprobe
