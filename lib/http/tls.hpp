// The trust decision inside the TLS handshake, and the files a connection's `tls` section names.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "lib/paths.hpp"

#include <curl/curl.h>

#include <string>
#include <string_view>

namespace meshprobe {

/// Paths of what Connection names; empty: not set.
struct Authorities {
    std::string path; ///< empty: libcurl's own
    bool is_directory = false;
};
struct TlsFiles {
    Authorities ca;
    Authorities proxy_ca;
    std::string certificate;
    std::string key;
};

/// `credentials` errors for what cannot be read.
[[nodiscard]] Result<TlsFiles> find_tls_files(const Paths& paths, const Connection& connection,
                                              std::string_view user);

/// What the handshake of one transfer needs and leaves; outlives the transfer.
struct KeyCheck {
    const KeyDecision* decide = nullptr;
    const Authorities* authorities = nullptr; ///< that may vouch for it
    std::string host;                         ///< the name or address the certificate must be for
    bool rejected = false;                    ///< the decision was no
};

/// Makes `check` judge the server's certificate instead of libcurl. Only for trust `first-use`.
void judge_key_with(CURL* handle, KeyCheck& check);

} // namespace meshprobe
