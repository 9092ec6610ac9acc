// Names of segments: <usec>-<instance hash>-<n>, fixed width, so that sorting by byte is delivery order.
//
//   1795341600000000-0123456789abcdef-000
//
// usec is max(now, last + 1) of the instance that wrote it and never repeats, whatever its clock does; n
// counts the segments of one commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

struct SegmentName {
    std::int64_t usec = 0;
    std::uint64_t instance_hash = 0;
    unsigned n = 0; ///< below 1000

    [[nodiscard]] std::string text() const;
};

/// Strict: anything else in a spool directory is not ours.
[[nodiscard]] std::optional<SegmentName> parse_segment_name(std::string_view text);

/// SipHash-2-4 of the instance's name. Host names come from strangers: with a weaker hash one could be chosen
/// to look like another host's, and recovery deletes uncommitted files by this hash.
[[nodiscard]] std::uint64_t hash_instance_name(std::string_view name);

} // namespace meshprobe
