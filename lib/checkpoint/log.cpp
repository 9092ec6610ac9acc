#include "lib/checkpoint/log.hpp"

#include "lib/checkpoint/encoding.hpp"
#include "lib/spool/crc32c.hpp"

#include <fmt/core.h>

#include <optional>

namespace meshprobe {

namespace {

constexpr std::string_view magic = "MPLOG1\r\n"; // a transfer in text mode would break it visibly
constexpr std::string_view record_mark = "\xfeMPR";
constexpr std::size_t header_size = 20;
constexpr std::size_t record_header_size = 12;

/// Of the size too: blocks that never reached the disk read as zeros, and the checksum of nothing is zero.
std::uint32_t record_checksum(std::string_view payload) {
    std::string size;
    Encoder(size).fixed32(static_cast<std::uint32_t>(payload.size()));
    return crc32c(payload, crc32c(size));
}

/// The payload of the record at the beginning of `bytes`, if that is complete and sound.
std::optional<std::string_view> record_at(std::string_view bytes) {
    if (!bytes.starts_with(record_mark)) return std::nullopt;
    Decoder decoder(bytes.substr(record_mark.size()));
    const std::uint32_t size = decoder.fixed32();
    const std::uint32_t checksum = decoder.fixed32();
    const std::string_view payload = decoder.take(size);
    if (!decoder.good() || record_checksum(payload) != checksum) return std::nullopt;
    return payload;
}

bool holds_a_record(std::string_view bytes) {
    for (auto at = bytes.find(record_mark); at != std::string_view::npos;
         at = bytes.find(record_mark, at + 1)) {
        if (record_at(bytes.substr(at))) return true;
    }
    return false;
}

} // namespace

std::string log_header(std::uint64_t generation) {
    std::string header(magic);
    Encoder encoder(header);
    encoder.fixed64(generation);
    encoder.fixed32(crc32c(header));
    return header;
}

std::string frame_record(std::string_view payload) {
    std::string framed;
    framed.reserve(record_header_size + payload.size());
    framed += record_mark;
    Encoder encoder(framed);
    encoder.fixed32(static_cast<std::uint32_t>(payload.size()));
    encoder.fixed32(record_checksum(payload));
    framed += payload;
    return framed;
}

Result<LogContents> parse_log(std::string_view bytes) {
    // The header is written and synced under another name before the log gets its own: it is never torn.
    if (bytes.size() < header_size || !bytes.starts_with(magic)) {
        return fail(ErrorKind::storage, "not a checkpoint log of this version");
    }
    Decoder decoder(bytes.substr(magic.size()));
    LogContents log;
    log.generation = decoder.fixed64();
    if (decoder.fixed32() != crc32c(bytes.substr(0, header_size - 4))) {
        return fail(ErrorKind::storage, "the header is damaged");
    }
    log.good_size = header_size;
    while (log.good_size < bytes.size()) {
        const std::string_view rest = bytes.substr(log.good_size);
        const auto payload = record_at(rest);
        if (!payload) {
            // Only the last record can be torn: nothing is appended before the end was cut off.
            if (holds_a_record(rest.substr(1))) {
                return fail(
                    ErrorKind::storage,
                    fmt::format("the record at byte {} is damaged, and sound ones follow it", log.good_size));
            }
            break;
        }
        log.payloads.push_back(*payload);
        log.good_size += record_header_size + payload->size();
    }
    return log;
}

} // namespace meshprobe
