// A place in a JSON document, as RFC 6901 writes it, made printable. Private to lib/mesh.
#pragma once

#include "lib/mesh/json_text.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace meshprobe {

class Pointer {
  public:
    [[nodiscard]] Pointer at(std::string_view name) const {
        std::string step;
        const std::string quoted = in_quotes(name);
        for (const char byte : std::string_view(quoted).substr(1, quoted.size() - 2)) {
            if (byte == '~') {
                step += "~0";
            } else if (byte == '/') {
                step += "~1";
            } else {
                step += byte;
            }
        }
        return Pointer(text_ + "/" + step);
    }
    [[nodiscard]] Pointer at(std::size_t index) const { return Pointer(text_ + "/" + std::to_string(index)); }
    [[nodiscard]] const std::string& text() const { return text_; }

    Pointer() = default;

  private:
    explicit Pointer(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

} // namespace meshprobe
