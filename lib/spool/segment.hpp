// A segment: the messages of one commit for one archive. JSON Lines, so that less, jq and grep read it:
//
//   {"segment":1,"instance":"meshprobe@h","host":"h","task":"default","archive":"local","run":"…","format":"raw"}
//   {"id":"RUN-0","event-type":"throughput","points":2,"size":512}
//   <512 bytes: the message as it will be delivered, without a newline inside>
//   …
//   {"messages":17,"points":900,"crc32c":"0123abcd"}
//
// The checksum covers every byte before the last line. A segment is written once and never changed; a resend
// is the stored bytes. Nothing outside it is needed to deliver it.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct SegmentHeader {
    std::string instance; ///< Instance::name()
    std::string host;     ///< the measurement archive: HostName::text()
    std::string task;
    std::string archive;
    std::string run;      ///< unique for ever; message ids are RUN-0, RUN-1, …
    std::string format;   ///< "raw": bodies as in probe/transform/raw.hpp
};

struct Message {
    std::string_view id;
    std::string_view event_type;
    std::uint64_t points = 0;
    std::string_view body;
};

class SegmentBuilder {
  public:
    /// Ids count from `first_index`: one run commits several segments.
    explicit SegmentBuilder(SegmentHeader header, std::uint64_t first_index = 0);

    void add(std::string_view event_type, std::uint64_t points, std::string_view body);
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t points() const { return points_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::string finish() &&;

  private:
    std::string bytes_;
    std::string run_;
    std::uint64_t first_index_;
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

  private:
    std::unique_ptr<const std::string> bytes_; // stays in place when the segment moves
    SegmentHeader header_;
    std::vector<Message> messages_;
    std::uint64_t points_ = 0;
};

} // namespace meshprobe
