#include "archiver/dial_address.hpp"

#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace meshprobe {
namespace {

struct FreeAddress {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using SocketAddress = std::unique_ptr<addrinfo, FreeAddress>;

tl::unexpected<Error> unreachable(int error_number) {
    return fail(ErrorKind::unreachable, std::strerror(error_number));
}

Result<SocketAddress> address_of(const std::string& text, const std::string& port, int type, int family) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = type;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(text.c_str(), port.c_str(), &hints, &list);
    if (code != 0) return fail(ErrorKind::unreachable, fmt::format("{}: {}", text, ::gai_strerror(code)));
    return SocketAddress(list);
}

Status wait_until_connected(int socket) {
    constexpr std::chrono::milliseconds longest = dial_patience;
    pollfd writable{socket, POLLOUT, 0};
    if (::poll(&writable, 1, static_cast<int>(longest.count())) <= 0)
        return fail(ErrorKind::unreachable, fmt::format("no answer within {} s", dial_patience.count()));
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? Status() : unreachable(error);
}

} // namespace

Result<FileDescriptor> dial_address(Transport transport, const std::string& address, std::uint16_t port,
                                    const std::string& bind_address) {
    const int type = transport == Transport::tcp ? SOCK_STREAM : SOCK_DGRAM;
    const auto target = address_of(address, std::to_string(port), type, AF_UNSPEC);
    if (!target) return fail(target.error());
    FileDescriptor socket(
        ::socket((*target)->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, (*target)->ai_protocol));
    if (!socket.is_open()) return unreachable(errno);
    if (!bind_address.empty()) {
        const auto own = address_of(bind_address, "0", type, (*target)->ai_family);
        if (!own) return fail(own.error().in("bind-address"));
        if (::bind(socket.get(), (*own)->ai_addr, (*own)->ai_addrlen) < 0)
            return fail(unreachable(errno).value().in("bind-address " + bind_address));
    }
    if (::connect(socket.get(), (*target)->ai_addr, (*target)->ai_addrlen) < 0) {
        if (errno != EINPROGRESS) return unreachable(errno);
        if (auto connected = wait_until_connected(socket.get()); !connected) return fail(connected.error());
    }
    return socket;
}

} // namespace meshprobe
