// A segment: the messages of one commit for one archive. JSON Lines, so that less, jq and grep read it:
//
//   {"segment":1,"instance":"meshprobe@h","host":"h","task":"default","archive":"local","run":"RUN","format":"raw"}
//   {"id":"RUN-0","event-type":"throughput","points":2,"size":512}
//   <512 bytes: the message as it will be delivered, without a newline inside>
//   …
//   {"messages":17,"points":900,"crc32c":"0123abcd"}
//
// The checksum covers every byte before the last line. A segment is written once and never changed; a resend
// is the stored bytes. Nothing outside it is needed to deliver it. Lines other than bodies are written in
// exactly this form (keys in this order, no blanks), and read no other way.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// Nothing larger is written, read or believed.
inline constexpr std::size_t max_segment_size = 64UL << 20;

struct SegmentHeader {
    std::string instance; ///< Instance::name()
    std::string host;     ///< the measurement archive: HostName::text()
    std::string task;
    std::string archive;
    std::string run;    ///< unique for ever; message ids are RUN-0, RUN-1, …
    std::string format; ///< "raw": bodies as in lib/format/raw.hpp

    bool operator==(const SegmentHeader&) const = default;
};

/// `id` and `event_type` are plain ASCII that JSON need not escape.
struct Message {
    std::string_view id;
    std::string_view event_type;
    std::uint64_t points = 0;
    std::string_view body;
};

class SegmentBuilder {
  public:
    /// Ids count from `first_index`: one run commits several segments. `expected_size` is set aside at once;
    /// memory that is never filled costs nothing.
    explicit SegmentBuilder(const SegmentHeader& header, std::uint64_t first_index = 0,
                            std::size_t expected_size = 5UL << 20);

    /// The body must not contain a newline; the transforms see to that. Other bytes than plain ASCII in an
    /// event type become '_'.
    void add(std::string_view event_type, std::uint64_t points, std::string_view body);
    /// Keeps the id: for what is copied out of another segment.
    void add(const Message& message);
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t points() const { return points_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::string finish() &&;

  private:
    void add_line_and_body(std::string_view event_type, std::uint64_t points, std::string_view body);

    std::string bytes_;
    std::string run_;
    std::uint64_t next_index_;
    std::uint64_t messages_ = 0;
    std::uint64_t points_ = 0;
};

class Segment {
  public:
    /// Checked completely before anything of it is shown; damage is a `storage` error.
    [[nodiscard]] static Result<Segment> parse(std::string bytes);
    [[nodiscard]] static Result<Segment> read(const std::filesystem::path& path);

    [[nodiscard]] const SegmentHeader& header() const { return header_; }
    [[nodiscard]] const std::vector<Message>& messages() const { return messages_; } // views into this object
    [[nodiscard]] std::uint64_t points() const { return points_; }
    [[nodiscard]] std::size_t size() const { return bytes_->size(); }

  private:
    std::unique_ptr<const std::string> bytes_; // stays in place when the segment moves
    SegmentHeader header_;
    std::vector<Message> messages_;
    std::uint64_t points_ = 0;
};

} // namespace meshprobe
