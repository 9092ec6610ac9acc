// Text as ArrayScanner hands it on: with bytes behind it that may be read but mean nothing. They are chosen
// to show whoever interprets them: quotes, digits and brackets.
#pragma once

#include <string>
#include <string_view>

namespace meshprobe {

class Padded {
  public:
    explicit Padded(std::string_view text) : text_(text), size_(text.size()) {
        for (int i = 0; i < 16; ++i)
            text_ += "\"1]}";
    }
    [[nodiscard]] std::string_view view() const { return std::string_view(text_).substr(0, size_); }

  private:
    std::string text_;
    std::size_t size_;
};

} // namespace meshprobe
