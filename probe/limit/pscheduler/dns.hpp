// One question to DNS, bounded in time.
#pragma once

#include "probe/limit/pscheduler/world.hpp"

#include <span>

namespace meshprobe::pscheduler {

[[nodiscard]] DnsAnswer ask_dns(const std::string& name, DnsType type, Microseconds timeout);

/// What a server answered, byte by byte: strangers may have written it.
[[nodiscard]] DnsAnswer read_dns_answer(std::span<const unsigned char> answer, DnsType type);

} // namespace meshprobe::pscheduler
