// checkpoint/INSTANCE.log: what was committed since the snapshot.
//
//   "MPLOG1\r\n"  generation (fixed 64)  crc32c of these 16 bytes (fixed 32)
//   then records: "\xfeMPR"  size (fixed 32)  crc32c of size and payload (fixed 32)  payload: record.hpp
//
// A log belongs to the snapshot of its generation; an older one was folded into the snapshot already, and its
// successor was not made before the crash. Where a crash tore the last record, the log ends before it.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct LogContents {
    std::uint64_t generation = 0;
    std::vector<std::string_view> payloads; ///< views into what was read
    std::uint64_t good_size = 0;            ///< smaller than the file: its end is torn
};

[[nodiscard]] std::string log_header(std::uint64_t generation);
[[nodiscard]] std::string frame_record(std::string_view payload);

/// Damage anywhere but at the end, where a crash leaves it, is a `storage` error.
[[nodiscard]] Result<LogContents> parse_log(std::string_view bytes);

} // namespace meshprobe
