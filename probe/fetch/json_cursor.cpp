#include "probe/fetch/json_cursor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
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

[[nodiscard]] constexpr bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

struct Character {
    char32_t code = 0;
    std::size_t size = 0; ///< in UTF-8; 0: malformed
};

/// One character of UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF.
[[nodiscard]] Character decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    char32_t code = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return {};
        code = code << 6 | (byte(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least.at(size) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, size};
}

/// The UTF-16 unit that \uXXXX stands for at the beginning of `text`.
[[nodiscard]] std::optional<char32_t> code_unit(std::string_view text) {
    if (text.size() < 6 || !text.starts_with("\\u") || !std::ranges::all_of(text.substr(2, 4), is_hex)) {
        return std::nullopt;
    }
    std::uint32_t unit = 0;
    std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
    return static_cast<char32_t>(unit);
}

[[nodiscard]] constexpr bool is_high(char32_t unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}
[[nodiscard]] constexpr bool is_low(char32_t unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/// Of the escape that `text` begins with; 0: it is none. Half a surrogate pair is none: many parsers refuse
/// the whole message that holds one.
[[nodiscard]] std::size_t escape_size(std::string_view text) {
    constexpr std::string_view short_escapes = "\"\\/bfnrt";
    if (text.size() > 1 && short_escapes.find(text[1]) != std::string_view::npos) return 2;
    const auto unit = code_unit(text);
    if (!unit || is_low(*unit)) return 0;
    if (!is_high(*unit)) return 6;
    const auto second = code_unit(text.substr(6));
    return second && is_low(*second) ? 12 : 0;
}

void append_utf8(std::string& out, char32_t code) {
    const auto add = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xc0 | code >> 6);
        add(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        add(0xe0 | code >> 12);
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    } else {
        add(0xf0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3f));
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    }
}

void append_escape(std::string& out, char32_t unit) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U})
        out += digits[unit >> shift & 0xf];
}

} // namespace

JsonCursor::JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

bool JsonCursor::refuse(std::string_view problem) {
    problem_ = problem;
    return false;
}

void JsonCursor::skip_blanks() {
    for (; at_ < end_; ++at_) {
        if (*at_ == ' ') continue;
        if (*at_ != '\n' && *at_ != '\t' && *at_ != '\r') return;
        plain_ = false;
    }
}

char JsonCursor::peek() {
    skip_blanks();
    return at_ < end_ ? *at_ : '\0';
}

bool JsonCursor::consume(char token) {
    if (peek() != token) return false;
    ++at_;
    return true;
}

bool JsonCursor::end_object() {
    return consume('}') || refuse("a comma or a closing bracket is missing");
}

bool JsonCursor::is_behind_element() {
    const char token = peek();
    return token == ',' || token == ']' || refuse("something stands between an element and the next");
}

bool JsonCursor::skip_string() {
    for (++at_;;) {
        const std::size_t count = ordinary_run(at_);
        at_ += count;
        if (at_ >= end_) return refuse("a string has no end");
        if (count == run) continue;
        if (*at_ == '"') {
            ++at_;
            return true;
        }
        const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
        if (*at_ == '\\') {
            const auto size = escape_size(rest);
            if (size == 0) return refuse("a string holds an escape that is no character");
            at_ += size;
        } else if (static_cast<unsigned char>(*at_) < ' ') {
            return refuse("a string holds a control character");
        } else {
            const auto character = decode(rest);
            if (character.size == 0) return refuse("a string is not UTF-8");
            at_ += character.size;
            plain_ = false;
        }
    }
}

bool JsonCursor::skip_number() {
    const auto skip_digits = [&] {
        const char* const start = at_;
        std::size_t count = 0;
        do {
            count = digit_run(at_);
            at_ += count;
        } while (count == run && at_ < end_);
        at_ = std::min(at_, end_);
        return at_ - start;
    };
    const char* const number = at_;
    bool is_large = false;
    if (*at_ == '-') ++at_;
    const char* const start = at_;
    const auto digits = at_ < end_ ? skip_digits() : 0;
    if (digits == 0) return refuse("a value is neither a number nor anything else that JSON knows");
    if (*start == '0' && digits > 1) return refuse("a number begins with 0");
    if (at_ < end_ && *at_ == '.') {
        ++at_;
        if (at_ == end_ || skip_digits() == 0) return refuse("a number ends with its decimal point");
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        is_large = at_ < end_ && *at_ != '-';
        if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        if (at_ == end_ || skip_digits() == 0) return refuse("a number has no exponent behind its e");
    }
    // What is too large for a double would make many parsers refuse the whole message. Without exponent, or
    // with a negative one, no number of this length is.
    if (at_ - number > longest_number) return refuse("a number is longer than 256 characters");
    if (is_large) {
        double real = 0;
        if (std::from_chars(number, at_, real).ec != std::errc()) return refuse("a number is too large");
    }
    return true;
}

bool JsonCursor::skip_literal(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) {
        return refuse("a value is neither true, false nor null nor anything else that JSON knows");
    }
    at_ += word.size();
    return true;
}

bool JsonCursor::skip_scalar() {
    switch (*at_) {
    case '"':
        return skip_string();
    case 't':
        return skip_literal("true");
    case 'f':
        return skip_literal("false");
    case 'n':
        return skip_literal("null");
    default:
        return skip_number();
    }
}

/// Without recursion: what stands open is one bit for each level.
bool JsonCursor::skip_value() {
    static_assert(max_depth <= 64);
    std::uint64_t objects = 0;
    unsigned depth = 0;
    while (true) {
        const char first = peek();
        if (at_ == end_) return refuse("a value is missing");
        if (first == '{' || first == '[') {
            if (depth == max_depth) return refuse("a value is nested more than 64 deep");
            const bool is_object = first == '{';
            objects = objects << 1 | (is_object ? 1U : 0U);
            ++depth;
            ++at_;
            if (peek() != (is_object ? '}' : ']')) {
                if (is_object && !name()) return false;
                continue;
            }
        } else if (!skip_scalar()) {
            return false;
        }
        while (true) {
            if (depth == 0) return true;
            const bool is_object = (objects & 1) != 0;
            const char token = peek();
            if (token == ',') {
                ++at_;
                if (is_object && !name()) return false;
                break;
            }
            if (token != (is_object ? '}' : ']')) return refuse("a comma or a closing bracket is missing");
            // An empty object or array comes here too, with its bracket still to be closed.
            ++at_;
            objects >>= 1;
            --depth;
        }
    }
}

std::optional<JsonValue> JsonCursor::value() {
    skip_blanks();
    const char* const start = at_;
    plain_ = true;
    if (!skip_value()) {
        at_ = start;
        return std::nullopt;
    }
    return JsonValue{{start, static_cast<std::size_t>(at_ - start)}, plain_};
}

std::optional<std::string_view> JsonCursor::name() {
    if (peek() != '"') {
        refuse("a member has no name");
        return std::nullopt;
    }
    const char* const start = at_ + 1;
    if (!skip_string()) return std::nullopt;
    const std::string_view text(start, static_cast<std::size_t>(at_ - start - 1));
    if (!consume(':')) {
        refuse("a member's name has no colon behind it");
        return std::nullopt;
    }
    return text;
}

void JsonCursor::skip_element() {
    std::size_t depth = 0;
    bool in_string = false;
    for (; at_ < end_; ++at_) {
        switch (*at_) {
        case '"':
            in_string = !in_string;
            break;
        case '\\': // as in ArrayScanner, also outside strings
            if (at_ + 1 < end_ && (at_[1] == '"' || at_[1] == '\\')) ++at_;
            break;
        case '{':
        case '[':
            if (!in_string) ++depth;
            break;
        case '}':
        case ']':
            if (in_string) break;
            if (depth == 0) return;
            --depth;
            break;
        case ',':
            if (!in_string && depth == 0) return;
            break;
        default:
            break;
        }
    }
}

std::optional<std::string> unescape(const JsonValue& value) {
    if (!value.is_string()) return std::nullopt;
    auto rest = value.text.substr(1, value.text.size() - 2);
    std::string out;
    out.reserve(rest.size());
    while (!rest.empty()) {
        const auto plain = std::min(rest.find('\\'), rest.size());
        out += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.empty()) break;
        const char kind = rest[1];
        if (kind != 'u') {
            constexpr std::string_view names = "bfnrt";
            constexpr std::string_view meanings = "\b\f\n\r\t";
            const auto which = names.find(kind);
            out += which == std::string_view::npos ? kind : meanings[which];
            rest.remove_prefix(2);
            continue;
        }
        // Checked values hold complete escapes and whole pairs only.
        char32_t code = code_unit(rest).value_or(0);
        rest.remove_prefix(6);
        if (is_high(code)) {
            code = 0x10000 + ((code - 0xd800) << 10) + (code_unit(rest).value_or(0xdc00) - 0xdc00);
            rest.remove_prefix(6);
        }
        append_utf8(out, code);
    }
    return out;
}

std::optional<std::int64_t> to_integer(const JsonValue& value) {
    auto text = value.text;
    if (value.is_string()) {
        text = text.substr(1, text.size() - 2);
        while (text.starts_with(' '))
            text.remove_prefix(1);
        while (text.ends_with(' '))
            text.remove_suffix(1);
    } else if (!value.is_number()) {
        return std::nullopt;
    }
    const char* const end = text.data() + text.size();
    std::int64_t number = 0;
    if (const auto [stop, error] = std::from_chars(text.data(), end, number);
        error == std::errc() && stop == end) {
        return number;
    }
    double real = 0;
    constexpr double exact = 9007199254740992; // 2^53
    if (const auto [stop, error] = std::from_chars(text.data(), end, real);
        error != std::errc() || stop != end || !(std::abs(real) <= exact) || real != std::floor(real)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(real);
}

void append_ascii(std::string& out, const JsonValue& value) {
    if (value.plain) {
        out += value.text;
        return;
    }
    auto rest = value.text;
    while (!rest.empty()) {
        const auto special = std::ranges::find_if(rest, [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < ' ' || byte >= 0x80;
        });
        const auto count = static_cast<std::size_t>(special - rest.begin());
        out += rest.substr(0, count);
        rest.remove_prefix(count);
        if (rest.empty()) break;
        const auto [code, size] = decode(rest);
        if (code >= 0x10000) {
            append_escape(out, 0xd800 + ((code - 0x10000) >> 10));
            append_escape(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
        } else if (code >= 0x80) {
            append_escape(out, code);
        } // else: a line break or tab, which a checked value has between its tokens only
        rest.remove_prefix(size);
    }
}

} // namespace meshprobe
