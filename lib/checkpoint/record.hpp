// One commit, as the log keeps it (encoding.hpp says how numbers and texts are written):
//
//   last usec, run                                           run: empty if nothing was spooled
//   number of segments   { archive, name, crc32c (fixed 32), size }
//   number of new series { id }                              they get the next indexes
//   base                                                     a timestamp, signed
//   number of changes    { index - previous index,           in ascending order, the first one minus -1
//                          0, or complete_until - base zigzagged, plus 1,
//                          0, or updated - base zigzagged, plus 1,
//                          size of packed timestamps, those relative to base }
//   number of gaps       { series, since, until - since, reason }
//   0, or 1 and progress { since, polled_until, reread_at, archive url, flavour }
//   the archive of each gap above                            records of earlier versions end before this
//   number of healed     { series, archive, since, until - since }
//
// A series whose points came in regularly costs five or six bytes.
#pragma once

#include "lib/checkpoint/encoding.hpp"
#include "lib/checkpoint/state.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct LoggedSegment {
    std::string archive;
    std::string name;
    std::uint32_t checksum = 0;
    std::uint64_t size = 0;
};

struct LoggedChange {
    SeriesTable::Index index = 0;
    Timestamp complete_until = 0; ///< 0: unchanged; smaller than the known one: the series begins anew
    Timestamp updated = 0;        ///< 0: unchanged
    std::string packed;
};

struct Record {
    std::int64_t last_usec = 0;
    std::string run;
    std::vector<LoggedSegment> segments;
    std::vector<std::string> new_series;
    Timestamp base = 0;
    std::vector<LoggedChange> changes; ///< ascending by index
    std::vector<Gap> gaps;
    std::optional<Progress> progress;
    std::vector<Healing> healed; ///< applied before `gaps`

    [[nodiscard]] bool changes_nothing() const;
};

[[nodiscard]] std::string encode_record(const Record& record);
[[nodiscard]] std::optional<Record> decode_record(std::string_view payload);

/// False if the record does not fit what was before it; then the state is not to be used.
[[nodiscard]] bool apply_record(const Record& record, CheckpointState& state, std::int64_t keep_seconds);

// Shared with the snapshot.
void encode_gaps(Encoder& encoder, const std::vector<Gap>& gaps);
[[nodiscard]] std::vector<Gap> decode_gaps(Decoder& decoder);
/// Which archive misses each; added later, so it stands at the end.
void encode_gap_archives(Encoder& encoder, const std::vector<Gap>& gaps);
void decode_gap_archives(Decoder& decoder, std::vector<Gap>& gaps);
void encode_progress(Encoder& encoder, const Progress& progress);
[[nodiscard]] Progress decode_progress(Decoder& decoder);

} // namespace meshprobe
