// Cuts a stream of JSON whose top level is an array into batches of whole elements, so that a response of any
// size is worked on in bounded memory. It looks only for what it needs to find the commas between elements
// (strings, escapes, depth); whoever reads the elements validates them, so one bad element spoils only
// itself.
#pragma once

#include "lib/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace meshprobe {

class ArrayScanner {
  public:
    /// Bytes behind every batch that may be read (not interpreted): parsers load blocks past the end.
    static constexpr std::size_t padding = 64;

    /// `batch` is one JSON text "[e,e,…]", at least one element, in memory that is valid during the call
    /// only. An error ends the stream with it.
    using Sink = std::function<Status(std::string_view batch)>;

    struct Limits {
        std::size_t element = 1U << 20; ///< a larger element is an error of the stream
        std::size_t batch = 128U << 10; ///< a batch ends with the first element that makes it this large
    };

    explicit ArrayScanner(Sink sink) : ArrayScanner(std::move(sink), Limits{}) {}
    ArrayScanner(Sink sink, Limits limits);

    /// The next bytes. However the same bytes are cut into chunks, the batches and the error are the same.
    /// `protocol` errors: no array (says what it is instead), an element over the limit, something behind the
    /// array. An error is final: every later call returns it.
    [[nodiscard]] Status feed(std::string_view chunk);

    /// No more bytes will come. Elements that were complete are handed on even if the array was not: then the
    /// result is a `protocol` error that says the answer was cut short.
    [[nodiscard]] Status finish();

    /// The closing bracket was seen.
    [[nodiscard]] bool complete() const { return state_ == State::behind; }
    /// Bytes taken so far.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    enum class State { in_front, foreign, inside, behind };

    /// What must be remembered from one block of 64 bytes to the next.
    struct Carry {
        std::uint64_t escaped = 0;   ///< 1: the next byte follows an odd run of backslashes
        std::uint64_t in_string = 0; ///< all ones: the next byte is inside a string
    };

    [[nodiscard]] Status take(std::string_view chunk);
    [[nodiscard]] std::size_t skip_front(std::string_view chunk);
    [[nodiscard]] Status gather_foreign(std::string_view chunk);
    [[nodiscard]] Status scan_buffer();
    [[nodiscard]] std::optional<std::size_t> find_cut(std::size_t end);
    [[nodiscard]] Status check_behind(std::string_view chunk);
    [[nodiscard]] Status hand_on(std::size_t end);
    void drop_front(std::size_t count);
    void reserve(std::size_t size);

    Sink sink_;
    Limits limits_;
    State state_ = State::in_front;
    std::optional<Error> error_;
    std::uint64_t bytes_ = 0;
    std::uint64_t batches_ = 0;
    unsigned mark_ = 0; ///< bytes of a byte order mark seen

    // buffer_[0] is '[', the text since the last cut follows, then `padding` bytes.
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;   ///< without padding
    std::size_t size_ = 0;       ///< used
    std::size_t scanned_ = 0;    ///< below size_; carry_ and depth_ are those at this position
    std::size_t last_comma_ = 0; ///< the last one between elements; 0: none since the last cut
    std::size_t depth_ = 0;      ///< 0: between elements
    Carry carry_;
};

} // namespace meshprobe
