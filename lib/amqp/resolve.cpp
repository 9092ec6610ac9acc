#include "lib/amqp/resolve.hpp"

#include "lib/connect_to.hpp"
#include "lib/file.hpp"

#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>

namespace meshprobe {
namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> look_up(const std::string& host, const char* service, int family, int flags) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    const int code = getaddrinfo(host.c_str(), service, &hints, &list);
    if (code != 0) {
        const std::string why = code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code);
        return fail(ErrorKind::unreachable, fmt::format("cannot resolve {}: {}", host, why));
    }
    return Addresses(list);
}

int family_of(IpVersion version) {
    switch (version) {
    case IpVersion::v4:
        return AF_INET;
    case IpVersion::v6:
        return AF_INET6;
    case IpVersion::any:
        break;
    }
    return AF_UNSPEC;
}

} // namespace

DialTarget dial_target(const std::string& host, std::uint16_t port,
                       const std::vector<std::string>& connect_to) {
    for (const auto& text : connect_to) {
        const auto entry = parse_connect_to(text); // checked with the configuration
        if (!entry || !entry->is_about(host, port)) continue;
        return {entry->to_host.empty() ? host : entry->to_host, entry->to_port.value_or(port)};
    }
    return {host, port};
}

Result<std::vector<std::string>> resolve(const std::string& host, IpVersion version) {
    const auto list = look_up(host, nullptr, family_of(version), 0);
    if (!list) return fail(list.error());
    std::vector<std::string> addresses;
    for (const addrinfo* each = list->get(); each != nullptr; each = each->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0)
            addresses.emplace_back(text.data());
    }
    return addresses;
}

std::string explain_dial(const std::string& address, std::uint16_t port, std::string_view otherwise) {
    const auto list =
        look_up(address, std::to_string(port).c_str(), AF_UNSPEC, AI_NUMERICHOST | AI_NUMERICSERV);
    if (!list) return std::string(otherwise);
    const addrinfo& target = **list;
    const FileDescriptor fd(::socket(target.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.is_open()) return std::strerror(errno);
    if (::connect(fd.get(), target.ai_addr, target.ai_addrlen) == 0) return std::string(otherwise);
    if (errno != EINPROGRESS) return std::strerror(errno);
    pollfd writable{fd.get(), POLLOUT, 0};
    if (::poll(&writable, 1, 1000) <= 0) return "no answer within 10 s";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::string(otherwise) : std::strerror(error);
}

} // namespace meshprobe
