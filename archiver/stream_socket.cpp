#include "archiver/stream_socket.hpp"

#include "archiver/dial_address.hpp"
#include "lib/amqp/resolve.hpp"

#include <fmt/core.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace meshprobe {
namespace {

/// A machine that is gone is noticed while there is nothing to send, and within some minutes.
void keep_alive(int socket) {
    constexpr int yes = 1;
    constexpr int idle = 60; // seconds until the first of the questions, and between them
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); // batches are written as a whole
}

std::string reason_of_tls() {
    std::array<char, 256> text{};
    const auto code = ERR_peek_last_error();
    if (code == 0) return "the other side closed the connection (is there TLS on that port?)";
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

} // namespace

Result<StreamSocket> StreamSocket::open(const SocketUrl& url, const Connection& connection, AmqpTls* tls) {
    const auto target = dial_target(url.host, url.port, connection.connect_to);
    const auto addresses = resolve(target.host, connection.ip_version);
    if (!addresses) return fail(addresses.error());
    Error last;
    for (const std::string& address : *addresses) {
        const std::string where = fmt::format("{} (address {}, port {})", url.host, address, target.port);
        auto dialled = dial_address(Transport::tcp, address, target.port, connection.bind_address);
        if (!dialled) {
            last = dialled.error().in("connect to " + where);
            continue;
        }
        keep_alive(dialled->get());
        StreamSocket made;
        made.socket_ = std::move(*dialled);
        if (tls != nullptr) {
            if (auto trusted = made.shake_hands(*tls); !trusted) {
                last = trusted.error().in("TLS with " + where);
                if (last.kind != ErrorKind::unreachable) break; // the next is no better
                continue;
            }
        }
        made.wire_.emplace(made.socket_.get(), made.session_.get(), "the other side");
        return made;
    }
    return fail(std::move(last));
}

Status StreamSocket::shake_hands(AmqpTls& tls) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_) return fail(ErrorKind::internal, "OpenSSL: out of memory");
    if (auto installed = tls.install(context_.get()); !installed) return installed;
    session_.reset(SSL_new(context_.get()));
    if (!session_ || SSL_set_fd(session_.get(), socket_.get()) != 1)
        return fail(ErrorKind::internal, "OpenSSL: out of memory");
    const auto end = std::chrono::steady_clock::now() + dial_patience;
    while (true) {
        ERR_clear_error();
        const int result = SSL_connect(session_.get());
        if (result == 1) return {};
        const int wish = SSL_get_error(session_.get(), result);
        if (!tls.problem().empty()) return fail(ErrorKind::untrusted, tls.problem());
        if (wish != SSL_ERROR_WANT_READ && wish != SSL_ERROR_WANT_WRITE)
            return fail(ErrorKind::unreachable, reason_of_tls());
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return fail(ErrorKind::unreachable, fmt::format("no answer within {} s", dial_patience.count()));
        pollfd ready{socket_.get(), static_cast<short>(wish == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
        ::poll(&ready, 1, static_cast<int>(left.count()));
    }
}

Result<std::size_t> StreamSocket::write(std::string_view bytes) {
    auto written = wire_->write(bytes);
    if (written && !session_) plain_ += *written;
    return written;
}

std::uint64_t StreamSocket::sent() const {
    return session_ ? BIO_number_written(SSL_get_wbio(session_.get())) : plain_;
}

std::uint64_t StreamSocket::acknowledged() const {
    int waiting = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &waiting) < 0) return 0;
    const auto all = sent();
    return all - std::min<std::uint64_t>(all, static_cast<std::uint64_t>(std::max(waiting, 0)));
}

void StreamSocket::close() {
    if (session_ && !has_ended()) SSL_shutdown(session_.get());
    socket_.close();
}

} // namespace meshprobe
