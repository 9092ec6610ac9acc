// Cuts a stream into JSON documents: one each line, one behind the other however they are laid out, elements
// of arrays, or framed by RFC 7464. Only what it takes to find their ends is looked at, so a document that is
// broken off or holds nonsense spoils no other: the next one that begins a line is a new one, and so is the
// next element of an array behind one that is no object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace meshprobe {

class DocumentStream {
  public:
    struct Sink {
        /// A text that begins with { and ends with the } that closes it; `line` is where it begins, from 1.
        std::function<void(std::string_view text, std::uint64_t line)> document;
        std::function<void(std::string_view problem, std::uint64_t line)> problem;
    };

    DocumentStream(Sink sink, std::size_t largest) : sink_(std::move(sink)), largest_(largest) {}

    /// However the bytes are cut into chunks, what comes out is the same.
    void feed(std::string_view chunk);
    void finish();

  private:
    void take(char c);
    void take_between(char c);
    [[nodiscard]] bool ends_nonsense(char c);
    void end_arrays();
    void take_inside(char c);
    void take_in_string(char c);
    void begin();
    void append(char c);
    void give_up(std::string_view problem);

    Sink sink_;
    std::size_t largest_;
    std::string text_;       ///< of the document so far
    std::uint64_t line_ = 1; ///< of the byte being taken
    std::uint64_t began_at_ = 1;
    std::size_t depth_ = 0;  ///< 0: between documents
    std::size_t arrays_ = 0; ///< open ones round the documents
    std::uint64_t array_began_at_ = 1;
    bool in_string_ = false; ///< of a document, or of nonsense
    bool escaped_ = false;
    bool too_large_ = false;
    bool skips_ = false;     ///< nonsense between documents
    bool told_line_ = false; ///< that there is some
    bool at_line_start_ = true;
    char last_ = '\0'; ///< that was no blank, within the document
};

} // namespace meshprobe
