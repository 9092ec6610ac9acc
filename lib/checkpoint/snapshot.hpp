// checkpoint/INSTANCE.snapshot: everything up to the beginning of a log, in one piece. As encoding.hpp says:
//
//   "MPSNAP1\r\n"  generation, last usec
//   progress { since, polled_until, reread_at, archive url, flavour }
//   number of gaps   { series, since, until - since, reason }
//   number of series { id, newest, and signed: newest - complete_until, newest - updated,
//                      newest - known_from,
//                      size of packed timestamps, those relative to newest: packed_timestamps.hpp }
//   crc32c of everything before it (fixed 32)
//
// Written under another name, synced, renamed: it is never torn.
#pragma once

#include "lib/checkpoint/state.hpp"
#include "lib/error.hpp"

#include <cstdint>
#include <string>

namespace meshprobe {

struct Snapshot {
    std::uint64_t generation = 0;
    CheckpointState state;
};

/// Series without news for 400 days before the newest of all are forgotten: measurement hosts make new
/// metadata keys with every change of a test, and no source is asked that far back.
[[nodiscard]] std::string encode_snapshot(std::uint64_t generation, const CheckpointState& state);

/// The bytes become the memory of the series table. Damage is a `storage` error.
[[nodiscard]] Result<Snapshot> decode_snapshot(std::string bytes);

} // namespace meshprobe
