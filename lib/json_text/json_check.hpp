// Passes over JSON text and says whether it is any: what the data path spends its time with. The position
// goes in and comes out by value, so that it stays in a register.
#pragma once

#include <string_view>

namespace meshprobe {

struct JsonCheck {
    static constexpr unsigned max_depth = 64;

    const char* end = nullptr; ///< up to 16 bytes behind it are read, never interpreted
    bool plain = true;         ///< nothing so far speaks against JsonValue::plain
    std::string_view problem = {};

    /// Each takes the position where the thing begins (blanks: may begin) and returns the one behind it, or
    /// nullptr with `problem` set.
    [[nodiscard]] const char* blanks(const char* at) {
        if (at < end && *at == ' ') ++at; // none or one is what servers write
        return at < end && static_cast<unsigned char>(*at) <= ' ' ? more_blanks(at) : at;
    }
    [[nodiscard]] const char* value(const char* at);
    /// A string with the colon behind it and blanks around that.
    [[nodiscard]] const char* name(const char* at);

  private:
    [[nodiscard]] const char* more_blanks(const char* at);
    [[nodiscard]] const char* scalar(const char* at);
    [[nodiscard]] const char* string(const char* at);
    [[nodiscard]] const char* odd_string(const char* at);
    [[nodiscard]] const char* number(const char* at);
    [[nodiscard]] const char* odd_number(const char* at);
    [[nodiscard]] const char* digits(const char* at) const;
    [[nodiscard]] const char* literal(const char* at, std::string_view word);
    [[nodiscard]] const char* refuse(std::string_view reason);
};

} // namespace meshprobe
