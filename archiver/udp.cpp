// Archive type `udp`: a datagram for each message.
#include "archiver/datagram_archive.hpp"
#include "archiver/dial_address.hpp"
#include "lib/amqp/resolve.hpp"
#include "lib/config/socket_url.hpp"

#include <fmt/core.h>

#include <utility>

namespace meshprobe {
namespace {

constexpr std::size_t burst = 16U << 10; // 130 Mbit/s: a receiver's usual buffer holds 13 ms of it

/// To the first address that there is a way to: nobody answers who could prove another one better.
Result<FileDescriptor> open_udp(const SocketUrl& url, const Connection& connection) {
    const auto target = dial_target(url.host, url.port, connection.connect_to);
    const auto addresses = resolve(target.host, connection.ip_version);
    if (!addresses) return fail(addresses.error());
    Error last;
    for (const std::string& address : *addresses) {
        auto socket = dial_address(Transport::udp, address, target.port, connection.bind_address);
        if (socket) return socket;
        last = socket.error().in("address " + address);
    }
    return fail(std::move(last));
}

} // namespace

Result<std::unique_ptr<ArchiveType>> make_udp(const ArchiveContext& context) {
    const Archive& archive = context.archive;
    const auto url = parse_socket_url(archive.url);
    if (!url) return fail(url.error().in("archives." + archive.name));
    return std::make_unique<DatagramArchive>(
        context, SyslogHeader(archive.syslog, SyslogHeader::To::another),
        DatagramArchive::Way{
            .place = url->text(),
            .open = [url = *url, &connection = archive.connection] { return open_udp(url, connection); },
            .most = archive.socket.payload_size,
            .limit = "payload-size:",
            .burst = burst});
}

} // namespace meshprobe
