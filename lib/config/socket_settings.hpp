// How messages are told apart on a socket.
#pragma once

namespace meshprobe {

enum class Framing {
    newline,      ///< one after each message
    octet_counted ///< RFC 6587: "LENGTH MESSAGE"
};

inline constexpr unsigned largest_payload = 65507; ///< bytes in a datagram of UDP over IPv4

struct SocketSettings {
    Framing framing = Framing::newline;      ///< tcp
    unsigned payload_size = largest_payload; ///< udp: bytes of a datagram at most
};

} // namespace meshprobe
