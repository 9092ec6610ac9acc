#include "archiver/wire.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace meshprobe {

Result<std::size_t> Wire::write(std::string_view bytes) {
    if (session_ != nullptr) {
        ERR_clear_error();
        std::size_t written = 0;
        const int result = SSL_write_ex(session_, bytes.data(), bytes.size(), &written);
        return result == 1 ? Result<std::size_t>(written) : explain(result, "write");
    }
    const ssize_t written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written >= 0) return static_cast<std::size_t>(written);
    if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
    return fail(ErrorKind::unreachable, fmt::format("the connection broke: {}", std::strerror(errno)));
}

Result<std::size_t> Wire::read(std::span<char> into) {
    if (session_ != nullptr) {
        ERR_clear_error();
        std::size_t size = 0;
        const int result = SSL_read_ex(session_, into.data(), into.size(), &size);
        return result == 1 ? Result<std::size_t>(size) : explain(result, "read");
    }
    const ssize_t size = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
    if (size > 0) return static_cast<std::size_t>(size);
    if (size == 0) return end();
    if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
    return fail(ErrorKind::unreachable, fmt::format("the connection broke: {}", std::strerror(errno)));
}

tl::unexpected<Error> Wire::end() {
    ended_ = true;
    return fail(ErrorKind::unreachable, fmt::format("{} closed the connection without a word", peer_));
}

Result<std::size_t> Wire::explain(int result, std::string_view doing) {
    const int system_error = errno;
    switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return std::size_t{0};
    case SSL_ERROR_ZERO_RETURN:
        return end();
    case SSL_ERROR_SYSCALL:
        return fail(ErrorKind::unreachable,
                    fmt::format("the connection broke: {}",
                                system_error == 0 ? "it was cut off" : std::strerror(system_error)));
    default:
        std::array<char, 256> text{};
        ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
        // With TLS 1.3 a server refuses a client certificate only after the handshake.
        return fail(ErrorKind::unreachable, fmt::format("TLS {}: {}", doing, text.data()));
    }
}

} // namespace meshprobe
