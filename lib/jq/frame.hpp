// What meshprobe-jq and its caller say to each other over a stream socket: frames of a length (4 bytes,
// little endian) and so many bytes. The caller sends first the set-up, a JSON object {"program", "arguments",
// "modules", "first-only", "memory", "output", "seconds"}, then one JSON text for each run. The first byte of
// an answer is its kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe::jq_frame {

inline constexpr std::size_t largest = 256U << 20;
inline constexpr std::size_t header = 4;

inline constexpr char compiled = 'c'; ///< to the set-up
inline constexpr char faulty = 'e';   ///< to the set-up: it does not compile, because …
inline constexpr char result = 'r';   ///< to an input: one result; more may follow
inline constexpr char done = 'd';     ///< to an input: these were all
inline constexpr char failed = 'f';   ///< to an input: … and then it raised an error
inline constexpr char exceeded = 'x'; ///< to an input: … and then it was too much

[[nodiscard]] inline std::string head(std::size_t size) {
    std::string bytes;
    for (unsigned shift = 0; shift < 32; shift += 8)
        bytes += static_cast<char>((size >> shift) & 0xffU);
    return bytes;
}

/// `bytes` holds a header at least; nullopt: larger than anybody sends.
[[nodiscard]] inline std::optional<std::size_t> size_in(std::string_view bytes) {
    std::size_t size = 0;
    for (std::size_t index = header; index-- > 0;)
        size = size << 8U | static_cast<unsigned char>(bytes[index]);
    return size <= largest ? std::optional(size) : std::nullopt;
}

} // namespace meshprobe::jq_frame
