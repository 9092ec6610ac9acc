// A connected socket to a numeric address, from an address of this machine if one is wanted.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace meshprobe {

enum class Transport { tcp, udp };

/// How long one address is waited for, and then once more for TLS.
inline constexpr std::chrono::seconds dial_patience{10};

/// Non-blocking; within dial_patience. `bind_address` empty: the system's choice. The error is the reason
/// alone ("Connection refused"); `unreachable`.
[[nodiscard]] Result<FileDescriptor> dial_address(Transport transport, const std::string& address,
                                                  std::uint16_t port, const std::string& bind_address);

} // namespace meshprobe
