#include "probe/fetch/array_scanner.hpp"

#include "probe/fetch/block.hpp"
#include "probe/fetch/foreign_body.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace meshprobe {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t foreign_size = 512;     // enough of something else to say what it is
constexpr std::size_t piece_size = 32U << 10; // scanned while it is still in the nearest cache

[[nodiscard]] constexpr std::uint64_t below(std::size_t bit) {
    return bit >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bit) - 1;
}

} // namespace

ArrayScanner::ArrayScanner(Sink sink, Limits limits) : sink_(std::move(sink)), limits_(limits) {
    limits_.element = std::max<std::size_t>(limits_.element, 1);
    limits_.batch = std::clamp<std::size_t>(limits_.batch, 1, limits_.element);
}

Status ArrayScanner::feed(std::string_view chunk) {
    if (error_) return fail(*error_);
    auto status = take(chunk);
    if (!status) error_ = status.error();
    return status;
}

Status ArrayScanner::take(std::string_view chunk) {
    while (!chunk.empty()) {
        std::size_t taken = 0;
        switch (state_) {
        case State::in_front:
            taken = skip_front(chunk);
            bytes_ += taken;
            break;
        case State::foreign:
            bytes_ += chunk.size();
            return gather_foreign(chunk);
        case State::behind:
            bytes_ += chunk.size();
            return check_behind(chunk);
        case State::inside:
            // One byte more than the largest element with its bracket, so that the comma behind it is seen.
            taken = std::min({chunk.size(), piece_size, limits_.element + 2 - size_});
            reserve(size_ + taken);
            std::memcpy(buffer_.get() + size_, chunk.data(), taken);
            size_ += taken;
            bytes_ += taken;
            if (auto status = scan_buffer(); !status) return status;
            break;
        }
        chunk.remove_prefix(taken);
    }
    return {};
}

/// Blanks and a byte order mark; the byte that decides what this is becomes the first of the buffer.
std::size_t ArrayScanner::skip_front(std::string_view chunk) {
    for (std::size_t i = 0; i < chunk.size(); ++i) {
        const char c = chunk[i];
        if (mark_ < byte_order_mark.size() && bytes_ + i == mark_ && c == byte_order_mark[mark_]) {
            ++mark_;
            continue;
        }
        if (blanks.find(c) != std::string_view::npos) continue;
        reserve(1);
        buffer_[0] = '[';
        if (c != '[') {
            state_ = State::foreign;
            return i;
        }
        state_ = State::inside;
        size_ = scanned_ = 1;
        return i + 1;
    }
    return chunk.size();
}

Status ArrayScanner::gather_foreign(std::string_view chunk) {
    const auto taken = std::min(chunk.size(), foreign_size - size_);
    reserve(size_ + taken);
    std::memcpy(buffer_.get() + size_, chunk.data(), taken);
    size_ += taken;
    if (size_ < foreign_size) return {};
    return fail(ErrorKind::protocol,
                fmt::format("expected a JSON array, got {}", describe_body({buffer_.get(), size_})));
}

/// Works on what the buffer holds until that is only the beginning of an element.
Status ArrayScanner::scan_buffer() {
    while (state_ == State::inside) {
        const auto found = find_cut(size_);
        if (!found) {
            if (size_ < limits_.element + 2) return {};
            if (last_comma_ == 0) {
                return fail(ErrorKind::protocol,
                            fmt::format("the element that begins at byte {} is larger than {} bytes",
                                        bytes_ - (size_ - 1), limits_.element));
            }
            if (auto status = hand_on(last_comma_); !status) return status;
            drop_front(last_comma_);
            continue;
        }
        const char token = buffer_[*found];
        if (token == ',') {
            if (auto status = hand_on(*found); !status) return status;
            drop_front(*found);
            continue;
        }
        if (token == '}') {
            if (last_comma_ != 0) {
                if (auto status = hand_on(last_comma_); !status) return status;
            }
            return fail(ErrorKind::protocol,
                        fmt::format("the array is closed by '}}' at byte {}", bytes_ - (size_ - *found)));
        }
        state_ = State::behind;
        const std::string_view last(buffer_.get() + 1, *found - 1);
        const bool is_empty = batches_ == 0 && last.find_first_not_of(blanks) == std::string_view::npos;
        if (!is_empty) {
            if (auto status = hand_on(*found); !status) return status;
        }
        return check_behind({buffer_.get() + *found + 1, size_ - *found - 1});
    }
    return {};
}

/// The position of the token where the batch ends: a comma between elements once the batch is large enough,
/// or the bracket that closes the array. nullopt: none below `end`, which has been scanned then.
std::optional<std::size_t> ArrayScanner::find_cut(std::size_t end) {
    for (; scanned_ < end; scanned_ += std::min(Block::size, end - scanned_)) {
        const char* const at = buffer_.get() + scanned_;
        const std::size_t count = std::min(Block::size, end - scanned_);
        const Block block = BlockReader::read(at);

        // What stands behind `end` cannot change a bit below it.
        Carry next = carry_;
        const std::uint64_t escaped = escaped_bytes(block.backslash, next.escaped);
        const std::uint64_t in_string = running_parity(block.quote & ~escaped) ^ carry_.in_string;
        if (count < Block::size) next.escaped = (escaped >> count) & 1;
        next.in_string = std::uint64_t{0} - ((in_string >> (count - 1)) & 1);

        std::uint64_t brackets = (block.open | block.close) & ~in_string & below(count);
        if (brackets != 0 || depth_ == 0) {
            const std::uint64_t commas = BlockReader::commas(at) & ~in_string;
            for (std::size_t from = 0;;) {
                const auto bracket =
                    brackets == 0 ? count : static_cast<std::size_t>(std::countr_zero(brackets));
                if (depth_ == 0) {
                    const std::uint64_t here = commas & below(bracket) & ~below(from);
                    if (here != 0) {
                        const std::size_t wanted = limits_.batch > scanned_ ? limits_.batch - scanned_ : 0;
                        const std::uint64_t late = here & ~below(wanted);
                        if (late != 0) return scanned_ + static_cast<std::size_t>(std::countr_zero(late));
                        last_comma_ = scanned_ + 63 - static_cast<std::size_t>(std::countl_zero(here));
                    }
                }
                if (brackets == 0) break;
                if ((block.open >> bracket & 1) != 0) {
                    ++depth_;
                } else if (depth_ == 0) {
                    return scanned_ + bracket;
                } else {
                    --depth_;
                }
                brackets &= brackets - 1;
                from = bracket + 1;
            }
        }
        carry_ = next;
    }
    return std::nullopt;
}

Status ArrayScanner::check_behind(std::string_view chunk) {
    const auto garbage = chunk.find_first_not_of(blanks);
    if (garbage == std::string_view::npos) return {};
    return fail(ErrorKind::protocol,
                fmt::format("something follows the array, at byte {}", bytes_ - (chunk.size() - garbage)));
}

Status ArrayScanner::finish() {
    if (error_) return fail(*error_);
    Status status;
    switch (state_) {
    case State::behind:
        break;
    case State::in_front:
    case State::foreign:
        status = fail(ErrorKind::protocol,
                      fmt::format("expected a JSON array, got {}", describe_body({buffer_.get(), size_})));
        break;
    case State::inside:
        if (last_comma_ != 0) status = hand_on(last_comma_);
        if (status) {
            status = fail(ErrorKind::protocol,
                          fmt::format("the answer was cut short after {} bytes, inside the array", bytes_));
        }
        break;
    }
    if (!status) error_ = status.error();
    return status;
}

Status ArrayScanner::hand_on(std::size_t end) {
    ++batches_;
    buffer_[end] = ']'; // of the token there nobody needs more than its position from now on
    return sink_({buffer_.get(), end + 1});
}

/// Forgets everything up to and including the comma at `comma`: between elements there is nothing to carry.
void ArrayScanner::drop_front(std::size_t comma) {
    std::memmove(buffer_.get() + 1, buffer_.get() + comma + 1, size_ - comma - 1);
    size_ -= comma;
    scanned_ = 1;
    last_comma_ = 0;
    depth_ = 0;
    carry_ = {};
}

void ArrayScanner::reserve(std::size_t size) {
    if (size <= capacity_) return;
    const std::size_t capacity =
        std::max(std::min(2 * capacity_, limits_.element + 2), std::max<std::size_t>(size, 4096));
    auto larger = std::make_unique<char[]>(capacity + padding);
    if (size_ > 0) std::memcpy(larger.get(), buffer_.get(), size_);
    buffer_ = std::move(larger);
    capacity_ = capacity;
}

} // namespace meshprobe
