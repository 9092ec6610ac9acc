// A TCP connection, with TLS or without. After it is made nothing waits; what the other machine has
// acknowledged is known, which is as far as TCP confirms anything.
#pragma once

#include "archiver/wire.hpp"
#include "lib/amqp/tls.hpp"
#include "lib/config/config.hpp"
#include "lib/config/socket_url.hpp"
#include "lib/error.hpp"
#include "lib/file.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

class StreamSocket {
  public:
    /// Tries each address of the host, 10 s each. `tls`, if there is to be any, stays in place as long as
    /// this. `untrusted`, `credentials` or `unreachable` errors.
    [[nodiscard]] static Result<StreamSocket> open(const SocketUrl& url, const Connection& connection,
                                                   AmqpTls* tls);

    [[nodiscard]] int descriptor() const { return socket_.get(); }
    /// As Wire has them.
    [[nodiscard]] Result<std::size_t> write(std::string_view bytes);
    [[nodiscard]] Result<std::size_t> read(std::span<char> into) { return wire_->read(into); }
    [[nodiscard]] bool has_ended() const { return wire_->has_ended(); }

    /// Bytes on the wire so far, those of TLS included …
    [[nodiscard]] std::uint64_t sent() const;
    /// … and of these, what the other machine has acknowledged.
    [[nodiscard]] std::uint64_t acknowledged() const;
    /// Says good-bye.
    void close();

  private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    struct FreeSession {
        void operator()(SSL* session) const { SSL_free(session); }
    };
    StreamSocket() = default;
    [[nodiscard]] Status shake_hands(AmqpTls& tls);

    FileDescriptor socket_;
    std::unique_ptr<SSL_CTX, FreeContext> context_;
    std::unique_ptr<SSL, FreeSession> session_;
    std::optional<Wire> wire_;
    std::uint64_t plain_ = 0; ///< bytes sent without TLS
};

} // namespace meshprobe
