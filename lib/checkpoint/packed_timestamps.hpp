// Ascending timestamps in few bytes: the first relative to a base, then steps. A step is one number (twice
// its length), or, when it comes at least three times in a row, two: twice its length plus one, and how
// often. What arrives every 60 s takes a handful of bytes for a day, what arrives irregularly one or two a
// point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

using Timestamp = std::int64_t; ///< UNIX seconds, as esmond counts them

/// Until the year 9999: what lies outside is refused before it gets here.
inline constexpr Timestamp latest_timestamp = 253402300799;

/// Strictly ascending, from 0 to latest_timestamp; none of them is nothing.
void pack_timestamps(std::string& out, Timestamp base, std::span<const Timestamp> timestamps);

/// Appends to `out`; false if `packed` is not what pack_timestamps() makes.
[[nodiscard]] bool unpack_timestamps(std::string_view packed, Timestamp base, std::vector<Timestamp>& out);

/// The last one only; nullopt if there is none or `packed` is damaged.
[[nodiscard]] std::optional<Timestamp> last_packed_timestamp(std::string_view packed, Timestamp base);

} // namespace meshprobe
