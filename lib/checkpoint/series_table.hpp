// All series of an instance in one piece of memory: ids and packed timestamps stay as the snapshot holds them
// and are unpacked when somebody asks. 5 000 series with 60 timestamps each load in about a millisecond.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct SeriesMarks {
    Timestamp newest = 0;         ///< greatest ts ever received
    Timestamp complete_until = 0; ///< all up to here was asked for and received: where catching up goes on
    Timestamp updated = 0;        ///< the archive's "time-updated" of what was read completely; 0: not known
    Timestamp known_from = 0;     ///< below this all is settled: sent, or skipped on purpose
};

/// A series is one event type of one metadata entry: "METADATA-KEY EVENT-TYPE".
struct SeriesState : SeriesMarks {
    /// ts already sent, ascending: all from `known_from` on, which follows min(newest, complete_until) at the
    /// distance `keep`. So while a series catches up from the past, what was sent of its present stays known.
    std::vector<Timestamp> recent;

    [[nodiscard]] bool seen(Timestamp ts) const; ///< also true for ts before `known_from`
};

class SeriesTable {
  public:
    using Index = std::uint32_t; ///< in order of definition; the log says this instead of ids

    [[nodiscard]] std::optional<SeriesState> find(std::string_view id) const;
    [[nodiscard]] std::optional<SeriesMarks> marks(std::string_view id) const; ///< unpacks nothing

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::optional<Index> index_of(std::string_view id) const;
    [[nodiscard]] std::string_view id(Index index) const;
    [[nodiscard]] const SeriesMarks& marks(Index index) const { return entries_[index].marks; }
    [[nodiscard]] SeriesState at(Index index) const;

    Index define(std::string_view id); ///< must be new
    /// Ascending timestamps, packed relative to `base`; moves the marks. False if they cannot be unpacked.
    /// A `complete_until` that is smaller than the known one begins the series anew; 0 leaves it as it is,
    /// and so does an `updated` of 0.
    [[nodiscard]] bool apply(Index index, Timestamp base, std::string_view packed, Timestamp complete_until,
                             Timestamp updated, std::int64_t keep);

    /// Everything up to `until` counts as sent, and nothing later is known.
    void settle(Index index, Timestamp until);

    /// From a snapshot: `bytes` becomes the arena, and what restore() is given are parts of the view of it
    /// that is returned. Timestamps are packed relative to the newest; false if they cannot be unpacked.
    [[nodiscard]] std::string_view adopt(std::string bytes);
    void reserve(std::size_t series);
    [[nodiscard]] bool restore(std::string_view id, const SeriesMarks& marks, std::string_view packed);

  private:
    struct Entry {
        SeriesMarks marks;
        std::uint32_t id_position = 0;
        std::uint32_t id_size = 0;
        std::uint32_t last_chunk = none;
    };
    /// Packed timestamps; those of one series form a chain, so that a commit only appends.
    struct Chunk {
        Timestamp base = 0;
        std::uint32_t position = 0;
        std::uint32_t size = 0;
        std::uint32_t previous = none;
    };
    static constexpr std::uint32_t none = UINT32_MAX;

    Index append(const Entry& entry);
    void insert(Index index);
    void rehash(std::size_t slots);
    [[nodiscard]] std::string_view view(std::uint32_t position, std::uint32_t size) const;

    std::string arena_;
    std::vector<Entry> entries_;
    std::vector<Chunk> chunks_;
    std::vector<Index> slots_; ///< open addressing, a power of two, at most half full
};

} // namespace meshprobe
