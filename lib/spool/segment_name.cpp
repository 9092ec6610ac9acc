#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace meshprobe {

namespace {

constexpr std::size_t usec_width = 16; // until the year 2286
constexpr std::size_t hash_width = 16;
constexpr std::size_t n_width = 3;
constexpr std::size_t name_width = usec_width + 1 + hash_width + 1 + n_width;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_lower_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

template <class Number>
Number number_of(std::string_view digits, int base) {
    Number value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return value;
}

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void rounds(int count) {
        for (int i = 0; i < count; ++i) {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }
    }

    void absorb(std::uint64_t word) {
        v3 ^= word;
        rounds(2);
        v0 ^= word;
    }
};

} // namespace

std::string SegmentName::text() const {
    return fmt::format("{:016}-{:016x}-{:03}", usec, instance_hash, n);
}

std::optional<SegmentName> parse_segment_name(std::string_view text) {
    if (text.size() != name_width) return std::nullopt;
    const std::string_view usec = text.substr(0, usec_width);
    const std::string_view hash = text.substr(usec_width + 1, hash_width);
    const std::string_view n = text.substr(name_width - n_width);
    if (text[usec_width] != '-' || text[name_width - n_width - 1] != '-') return std::nullopt;
    if (!std::ranges::all_of(usec, is_digit) || !std::ranges::all_of(hash, is_lower_hex) ||
        !std::ranges::all_of(n, is_digit)) {
        return std::nullopt;
    }
    return SegmentName{number_of<std::int64_t>(usec, 10), number_of<std::uint64_t>(hash, 16),
                       number_of<unsigned>(n, 10)};
}

std::uint64_t hash_instance_name(std::string_view name) {
    // The key of the published test vectors: it is part of the format, not a secret.
    constexpr std::uint64_t key0 = 0x0706050403020100;
    constexpr std::uint64_t key1 = 0x0f0e0d0c0b0a0908;
    SipState state{key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d, key0 ^ 0x6c7967656e657261,
                   key1 ^ 0x7465646279746573};
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        word |= static_cast<std::uint64_t>(static_cast<unsigned char>(name[i])) << (8 * (i % 8));
        if (i % 8 == 7) {
            state.absorb(word);
            word = 0;
        }
    }
    state.absorb(word | (static_cast<std::uint64_t>(name.size()) << 56));
    state.v2 ^= 0xff;
    state.rounds(4);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

} // namespace meshprobe
