// Numbers and texts as the checkpoint's files hold them: unsigned numbers as LEB128 (seven bits a byte, low
// bits first), signed ones zigzagged before, texts as length and bytes, fixed ones in little endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meshprobe {

class Encoder {
  public:
    explicit Encoder(std::string& out) : out_(&out) {}

    void number(std::uint64_t value);
    void signed_number(std::int64_t value);
    void text(std::string_view value);
    void fixed32(std::uint32_t value);
    void fixed64(std::uint64_t value);

  private:
    std::string* out_;
};

/// After the first thing that is not there, every further one is zero or empty and good() is false.
class Decoder {
  public:
    explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t number();
    [[nodiscard]] std::int64_t signed_number();
    /// A signed number of seconds; what is further away than the year 9999 is damage, so sums never overflow.
    [[nodiscard]] std::int64_t seconds();
    [[nodiscard]] std::string_view text();
    [[nodiscard]] std::string_view take(std::uint64_t size);
    [[nodiscard]] std::uint32_t fixed32();
    [[nodiscard]] std::uint64_t fixed64();
    /// A number of things that each take at least one byte: more than bytes are left is damage.
    [[nodiscard]] std::size_t count();

    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return good_ && position_ == bytes_.size(); }

  private:
    std::string_view bytes_;
    std::size_t position_ = 0;
    bool good_ = true;
};

} // namespace meshprobe
