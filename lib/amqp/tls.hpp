// TLS towards a broker: who it must be, and who we are. librabbitmq makes the SSL_CTX and runs the handshake;
// this fills the context, judges the broker's key inside the handshake, and gets hold of the session.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <openssl/ssl.h>

#include <string>
#include <vector>

namespace meshprobe {

class AmqpTls {
  public:
    /// Reads what `connection` names, now: `credentials` if something cannot be read.
    [[nodiscard]] static Result<AmqpTls> read(const Paths& paths, const Connection& connection,
                                              std::string host);

    /// Before the handshake. The context refers to this object until the next install().
    [[nodiscard]] Status install(SSL_CTX* context);
    [[nodiscard]] bool has_certificate() const { return !certificate_.empty(); }

    /// Of the handshake begun last; nullptr: none.
    [[nodiscard]] SSL* session() const { return session_; }
    /// Why it failed; empty: not known here.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    AmqpTls() = default;
    static void observe(const SSL* session, int where, int value);
    static int judge(X509_STORE_CTX* context, void* self);
    [[nodiscard]] bool judge(X509_STORE_CTX* context);
    [[nodiscard]] Status load_authorities(SSL_CTX* context) const;
    [[nodiscard]] Status load_certificate(SSL_CTX* context) const;

    Trust trust_ = Trust::ca;
    std::vector<std::string> pins_;
    std::string host_;         ///< the name or address that the certificate must be for
    std::string ca_;           ///< PEM …
    std::string ca_directory_; ///< … or a directory; both empty: the system's
    std::string certificate_;  ///< PEM, with its chain
    std::string key_;          ///< PEM
    SSL* session_ = nullptr;
    std::string problem_;
};

} // namespace meshprobe
