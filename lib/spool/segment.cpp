#include "lib/spool/segment.hpp"

#include "lib/file.hpp"
#include "lib/spool/crc32c.hpp"
#include "lib/spool/json_line.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

std::string header_line(const SegmentHeader& header) {
    std::string line = R"({"segment":1,"instance":)";
    append_json_string(line, header.instance);
    line += R"(,"host":)";
    append_json_string(line, header.host);
    line += R"(,"task":)";
    append_json_string(line, header.task);
    line += R"(,"archive":)";
    append_json_string(line, header.archive);
    line += R"(,"run":)";
    append_json_string(line, header.run);
    line += R"(,"format":)";
    append_json_string(line, header.format);
    line += "}\n";
    return line;
}

bool read_header_line(std::string_view line, SegmentHeader& header) {
    JsonLineReader reader(line);
    return reader.literal(R"({"segment":1,"instance":)") && reader.string(header.instance) &&
           reader.literal(R"(,"host":)") && reader.string(header.host) && reader.literal(R"(,"task":)") &&
           reader.string(header.task) && reader.literal(R"(,"archive":)") && reader.string(header.archive) &&
           reader.literal(R"(,"run":)") && reader.string(header.run) && reader.literal(R"(,"format":)") &&
           reader.string(header.format) && reader.literal("}") && reader.at_end();
}

bool read_message_line(std::string_view line, Message& message, std::uint64_t& size) {
    JsonLineReader reader(line);
    return reader.literal(R"({"id":)") && reader.plain_string(message.id) &&
           reader.literal(R"(,"event-type":)") && reader.plain_string(message.event_type) &&
           reader.literal(R"(,"points":)") && reader.number(message.points) &&
           reader.literal(R"(,"size":)") && reader.number(size) && reader.literal("}") && reader.at_end();
}

std::string last_line(std::uint64_t messages, std::uint64_t points, std::uint32_t checksum) {
    return fmt::format("{{\"messages\":{},\"points\":{},\"crc32c\":\"{:08x}\"}}\n", messages, points,
                       checksum);
}

void append_plain(std::string& out, std::string_view text) {
    const std::size_t start = out.size();
    out += text;
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), [](char c) { return !is_plain(c); },
        '_');
}

tl::unexpected<Error> damaged(std::string_view why) {
    return fail(ErrorKind::storage, fmt::format("damaged segment: {}", why));
}

} // namespace

SegmentBuilder::SegmentBuilder(const SegmentHeader& header, std::uint64_t first_index,
                               std::size_t expected_size)
    : run_(header.run), next_index_(first_index) {
    bytes_.reserve(expected_size);
    bytes_ += header_line(header);
}

void SegmentBuilder::add(std::string_view event_type, std::uint64_t points, std::string_view body) {
    bytes_ += R"({"id":")";
    append_plain(bytes_, run_);
    bytes_ += '-';
    append_number(bytes_, next_index_++);
    add_line_and_body(event_type, points, body);
}

void SegmentBuilder::add(const Message& message) {
    bytes_ += R"({"id":")";
    append_plain(bytes_, message.id);
    add_line_and_body(message.event_type, message.points, message.body);
}

void SegmentBuilder::add_line_and_body(std::string_view event_type, std::uint64_t points,
                                       std::string_view body) {
    bytes_ += R"(","event-type":")";
    append_plain(bytes_, event_type);
    bytes_ += R"(","points":)";
    append_number(bytes_, points);
    bytes_ += R"(,"size":)";
    append_number(bytes_, body.size());
    bytes_ += "}\n";
    bytes_ += body;
    bytes_ += '\n';
    ++messages_;
    points_ += points;
}

std::string SegmentBuilder::finish() && {
    bytes_ += last_line(messages_, points_, crc32c(bytes_));
    return std::move(bytes_);
}

Result<Segment> Segment::parse(std::string bytes) {
    if (bytes.size() > max_segment_size)
        return damaged(fmt::format("larger than {} bytes", max_segment_size));
    if (!bytes.ends_with('\n')) return damaged("cut short");
    const std::size_t before_last =
        bytes.size() < 2 ? std::string::npos : bytes.rfind('\n', bytes.size() - 2);
    if (before_last == std::string::npos) return damaged("cut short");

    Segment segment;
    segment.bytes_ = std::make_unique<const std::string>(std::move(bytes));
    const std::string_view all = *segment.bytes_;
    const std::string_view covered = all.substr(0, before_last + 1);
    const std::uint32_t checksum = crc32c(covered);

    std::string_view rest = covered;
    const std::size_t header_end = rest.find('\n');
    if (!read_header_line(rest.substr(0, header_end), segment.header_))
        return damaged("its first line is not a segment's");
    rest.remove_prefix(header_end + 1);
    while (!rest.empty()) {
        Message message;
        std::uint64_t size = 0;
        const std::size_t line_end = rest.find('\n'); // there is one: `covered` ends with it
        if (!read_message_line(rest.substr(0, line_end), message, size)) {
            return damaged(
                fmt::format("message {} begins with no line of its own", segment.messages_.size()));
        }
        rest.remove_prefix(line_end + 1);
        if (size >= rest.size() || rest[size] != '\n') {
            return damaged(fmt::format("message {} is not as long as it says", segment.messages_.size()));
        }
        message.body = rest.substr(0, size);
        rest.remove_prefix(size + 1);
        segment.points_ += message.points;
        segment.messages_.push_back(message);
    }
    // Comparing the line as it should be leaves no second way to write it.
    if (all.substr(covered.size()) != last_line(segment.messages_.size(), segment.points_, checksum)) {
        return damaged("its last line does not match what is before it");
    }
    return segment;
}

Result<Segment> Segment::read(const std::filesystem::path& path) {
    auto bytes = read_file(path, max_segment_size, Links::refuse);
    if (!bytes) return fail(bytes.error());
    auto segment = parse(std::move(*bytes));
    if (!segment) return fail(segment.error().in(path.string()));
    return segment;
}

} // namespace meshprobe
