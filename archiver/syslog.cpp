// Archive type `syslog`: a line of the local system log for each message, through the socket that syslog(3)
// uses. On most machines the journal listens there.
#include "archiver/datagram_archive.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace meshprobe {
namespace {

Result<FileDescriptor> open_local(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(ErrorKind::configuration, "a path this long cannot be that of a socket");
    path.copy(static_cast<char*>(address.sun_path), path.size());
    FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.is_open()) return fail(ErrorKind::internal, std::strerror(errno));
    // Messages are larger than those that logs are made for; the system allows what it likes of this.
    constexpr int wanted = 8 << 20;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        return fail(ErrorKind::unreachable,
                    errno == EPROTOTYPE ? "it is no socket for datagrams" : std::strerror(errno));
    }
    return socket;
}

} // namespace

Result<std::unique_ptr<ArchiveType>> make_syslog(const ArchiveContext& context) {
    const Archive& archive = context.archive;
    return std::make_unique<DatagramArchive>(
        context, SyslogHeader(archive.syslog, SyslogHeader::To::this_machine),
        DatagramArchive::Way{.place = archive.path,
                             .open = [path = archive.path] { return open_local(path); },
                             .most = std::numeric_limits<std::size_t>::max(), // the socket's buffer decides
                             .limit = {},
                             .burst = 0});
}

} // namespace meshprobe
