// What the fuzz targets share. A target takes any bytes and ends the process when a promise is broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace meshprobe::fuzz {

inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
    // The one cast that libFuzzer's interface needs.
    return {static_cast<const char*>(static_cast<const void*>(data)), size};
}

/// The text with the bytes behind it that ArrayScanner promises to its readers.
class Padded {
  public:
    explicit Padded(std::string_view text) : text_(text), size_(text.size()) { text_.append(64, '1'); }
    [[nodiscard]] std::string_view view() const { return std::string_view(text_).substr(0, size_); }

  private:
    std::string text_;
    std::size_t size_;
};

} // namespace meshprobe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
