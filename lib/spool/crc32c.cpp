#include "lib/spool/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace meshprobe {

namespace {

// Slicing by eight: table[k][b] is the effect of byte b that k further bytes follow.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

consteval Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78U : 0U);
        }
        tables[0][byte] = value;
    }
    for (std::size_t slice = 1; slice < 8; ++slice) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

constexpr Tables tables = make_tables();

std::uint8_t byte_of(char c) {
    return static_cast<std::uint8_t>(c);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t from_hardware(std::string_view bytes,
                                                              std::uint32_t previous) {
    std::uint64_t value = ~previous;
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        value = __builtin_ia32_crc32di(value, word);
        bytes.remove_prefix(8);
    }
    auto narrow = static_cast<std::uint32_t>(value);
    for (const char c : bytes) {
        narrow = __builtin_ia32_crc32qi(narrow, byte_of(c));
    }
    return ~narrow;
}
#endif

} // namespace

std::uint32_t crc32c_from_tables(std::string_view bytes, std::uint32_t previous) {
    std::uint32_t value = ~previous;
    while (bytes.size() >= 8) {
        std::uint32_t next = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const std::uint32_t mixed = i < 4 ? (value >> (8 * i)) & 0xff : 0;
            next ^= tables[7 - i][mixed ^ byte_of(bytes[i])];
        }
        value = next;
        bytes.remove_prefix(8);
    }
    for (const char c : bytes) {
        value = (value >> 8) ^ tables[0][(value ^ byte_of(c)) & 0xff];
    }
    return ~value;
}

bool has_crc32c_hardware() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#else
    return false;
#endif
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) {
#if defined(__x86_64__)
    static const bool hardware = has_crc32c_hardware();
    if (hardware) return from_hardware(bytes, previous);
#endif
    return crc32c_from_tables(bytes, previous);
}

} // namespace meshprobe
