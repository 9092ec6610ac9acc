#include "lib/checkpoint/encoding.hpp"

namespace meshprobe {

void Encoder::number(std::uint64_t value) {
    while (value >= 0x80) {
        *out_ += static_cast<char>((value & 0x7f) | 0x80);
        value >>= 7;
    }
    *out_ += static_cast<char>(value);
}

void Encoder::signed_number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void Encoder::text(std::string_view value) {
    number(value.size());
    *out_ += value;
}

void Encoder::fixed32(std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
        *out_ += static_cast<char>((value >> (8 * i)) & 0xff);
    }
}

void Encoder::fixed64(std::uint64_t value) {
    fixed32(static_cast<std::uint32_t>(value));
    fixed32(static_cast<std::uint32_t>(value >> 32));
}

std::uint64_t Decoder::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && position_ < bytes_.size(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes_[position_++]);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return good_ ? value : 0;
    }
    good_ = false;
    return 0;
}

std::int64_t Decoder::signed_number() {
    const std::uint64_t bits = number();
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

std::int64_t Decoder::seconds() {
    constexpr std::int64_t limit = 253402300799;
    const std::int64_t value = signed_number();
    if (value < -limit || value > limit) good_ = false;
    return good_ ? value : 0;
}

std::string_view Decoder::take(std::uint64_t size) {
    if (!good_ || size > bytes_.size() - position_) {
        good_ = false;
        return {};
    }
    const std::string_view taken = bytes_.substr(position_, size);
    position_ += size;
    return taken;
}

std::string_view Decoder::text() {
    return take(number());
}

std::uint32_t Decoder::fixed32() {
    std::uint32_t value = 0;
    unsigned shift = 0;
    for (const char c : take(4)) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << shift;
        shift += 8;
    }
    return value;
}

std::uint64_t Decoder::fixed64() {
    const std::uint64_t low = fixed32();
    return low | (static_cast<std::uint64_t>(fixed32()) << 32);
}

std::size_t Decoder::count() {
    const std::uint64_t value = number();
    if (value > bytes_.size() - position_) good_ = false;
    return good_ ? value : 0;
}

} // namespace meshprobe
