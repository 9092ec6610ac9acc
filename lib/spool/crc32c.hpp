// CRC-32C (Castagnoli), the checksum of segments and checkpoints: what the processor computes by itself
// where it can (SSE 4.2), from tables elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace meshprobe {

/// `previous` continues: crc32c(b, crc32c(a)) == crc32c(a + b).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0);

/// The two ways to compute it, so that a test can hold them against each other.
[[nodiscard]] std::uint32_t crc32c_from_tables(std::string_view bytes, std::uint32_t previous = 0);
[[nodiscard]] bool has_crc32c_hardware();

} // namespace meshprobe
