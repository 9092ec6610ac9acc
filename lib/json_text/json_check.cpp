#include "lib/json_text/json_check.hpp"

#include "lib/json_text/json_value.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace meshprobe {

namespace {

constexpr std::size_t run = 16; // bytes looked at in one step
constexpr std::ptrdiff_t longest_number = 256;

#ifdef __SSE2__
[[nodiscard]] __m128i load(const char* at) {
    __m128i bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
}
[[nodiscard]] std::size_t first_of(__m128i mask) {
    return static_cast<std::size_t>(
        std::countr_zero(static_cast<unsigned>(_mm_movemask_epi8(mask)) | (1U << run)));
}
/// How many of the next 16 bytes are ordinary in a string: no quote, backslash, control character, and ASCII.
[[nodiscard]] std::size_t ordinary_run(const char* at) {
    const __m128i bytes = load(at);
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    return first_of(_mm_or_si128(special, _mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')))); // signed: 0x80… too
}
[[nodiscard]] std::size_t digit_run(const char* at) {
    const __m128i value = _mm_sub_epi8(load(at), _mm_set1_epi8('0'));
    const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
    return first_of(_mm_xor_si128(is_digit, _mm_set1_epi8(-1)));
}
#else
[[nodiscard]] std::size_t ordinary_run(const char* at) {
    std::size_t count = 0;
    for (; count < run; ++count) {
        const auto byte = static_cast<unsigned char>(at[count]);
        if (byte == '"' || byte == '\\' || byte < ' ' || byte >= 0x80) break;
    }
    return count;
}
[[nodiscard]] std::size_t digit_run(const char* at) {
    std::size_t count = 0;
    while (count < run && at[count] >= '0' && at[count] <= '9')
        ++count;
    return count;
}
#endif

} // namespace

const char* JsonCheck::refuse(std::string_view reason) {
    problem = reason;
    return nullptr;
}

const char* JsonCheck::more_blanks(const char* at) {
    for (; at < end; ++at) {
        if (*at == ' ') continue;
        if (*at != '\n' && *at != '\t' && *at != '\r') break;
        plain = false;
    }
    return at;
}

inline const char* JsonCheck::string(const char* at) {
    const char* const stop = at + 1 + ordinary_run(at + 1);
    return stop < end && *stop == '"' ? stop + 1 : odd_string(at); // most are shorter than a run
}

const char* JsonCheck::odd_string(const char* at) {
    for (++at;;) {
        const std::size_t count = ordinary_run(at);
        at += count;
        if (at >= end) return refuse("a string has no end");
        if (count == run) continue;
        if (*at == '"') return at + 1;
        const std::string_view rest(at, static_cast<std::size_t>(end - at));
        if (*at == '\\') {
            const auto size = escape_size(rest);
            if (size == 0) return refuse("a string holds an escape that is no character");
            at += size;
        } else if (static_cast<unsigned char>(*at) < ' ') {
            return refuse("a string holds a control character");
        } else {
            const auto character = decode_utf8(rest);
            if (character.size == 0) return refuse("a string is not UTF-8");
            at += character.size;
            plain = false;
        }
    }
}

/// To the first byte that is no digit, at most to the end.
const char* JsonCheck::digits(const char* at) const {
    std::size_t count = 0;
    do {
        count = digit_run(at);
        at += count;
    } while (count == run && at < end);
    return std::min(at, end);
}

inline const char* JsonCheck::number(const char* at) {
    const std::size_t count = digit_run(at);
    const char* const stop = at + count;
    const bool is_count = count > 0 && count < run && stop < end && (*at != '0' || count == 1) &&
                          *stop != '.' && (*stop | 0x20) != 'e';
    return is_count ? stop : odd_number(at); // most are counts of packets
}

const char* JsonCheck::odd_number(const char* at) {
    const char* const start = at;
    if (*at == '-') ++at;
    const char* const whole = at;
    if (at < end) at = digits(at);
    if (at == whole) return refuse("a value is neither a number nor anything else that JSON knows");
    if (*whole == '0' && at - whole > 1) return refuse("a number begins with 0");
    if (at < end && *at == '.') {
        const char* const fraction = ++at;
        if (at < end) at = digits(at);
        if (at == fraction) return refuse("a number ends with its decimal point");
    }
    bool is_large = false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        ++at;
        is_large = at < end && *at != '-';
        if (at < end && (*at == '+' || *at == '-')) ++at;
        const char* const exponent = at;
        if (at < end) at = digits(at);
        if (at == exponent) return refuse("a number has no exponent behind its e");
    }
    // What is too large for a double would make many parsers refuse the whole message. Without exponent, or
    // with a negative one, no number of this length is.
    if (at - start > longest_number) return refuse("a number is longer than 256 characters");
    if (is_large) {
        double real = 0;
        if (std::from_chars(start, at, real).ec != std::errc()) return refuse("a number is too large");
    }
    return at;
}

const char* JsonCheck::literal(const char* at, std::string_view word) {
    if (!std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(word)) {
        return refuse("a value is neither true, false nor null nor anything else that JSON knows");
    }
    return at + word.size();
}

inline const char* JsonCheck::scalar(const char* at) {
    switch (*at) {
    case '"':
        return string(at);
    case 't':
        return literal(at, "true");
    case 'f':
        return literal(at, "false");
    case 'n':
        return literal(at, "null");
    default:
        return number(at);
    }
}

const char* JsonCheck::name(const char* at) {
    if (at >= end || *at != '"') return refuse("a member has no name");
    at = string(at);
    if (at == nullptr) return nullptr;
    at = blanks(at);
    if (at >= end || *at != ':') return refuse("a member's name has no colon behind it");
    return blanks(at + 1);
}

/// Without recursion: what stands open is one bit for each level.
const char* JsonCheck::value(const char* at) {
    static_assert(max_depth <= 64);
    std::uint64_t objects = 0;
    unsigned depth = 0;
    while (true) {
        if (at >= end) return refuse("a value is missing");
        const char first = *at;
        if (first == '{' || first == '[') {
            if (depth == max_depth) return refuse("a value is nested more than 64 deep");
            const bool is_object = first == '{';
            objects = objects << 1 | (is_object ? 1U : 0U);
            ++depth;
            at = blanks(at + 1);
            if (at >= end || *at != (is_object ? '}' : ']')) {
                if (is_object && (at = name(at)) == nullptr) return nullptr;
                continue;
            }
        } else {
            at = scalar(at);
            if (at == nullptr) return nullptr;
        }
        while (true) {
            if (depth == 0) return at;
            const bool is_object = (objects & 1) != 0;
            at = blanks(at);
            const char token = at < end ? *at : '\0';
            if (token == ',') {
                at = blanks(at + 1);
                if (is_object && (at = name(at)) == nullptr) return nullptr;
                break;
            }
            if (token != (is_object ? '}' : ']')) return refuse("a comma or a closing bracket is missing");
            // An empty object or array comes here too, with its bracket still to be closed.
            ++at;
            objects >>= 1;
            --depth;
        }
    }
}

} // namespace meshprobe
