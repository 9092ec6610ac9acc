#include "lib/checkpoint/series_table.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace meshprobe {

bool SeriesState::seen(Timestamp ts) const {
    return ts < known_from || std::ranges::binary_search(recent, ts);
}

std::string_view SeriesTable::view(std::uint32_t position, std::uint32_t size) const {
    return std::string_view(arena_).substr(position, size);
}

std::string_view SeriesTable::id(Index index) const {
    return view(entries_[index].id_position, entries_[index].id_size);
}

std::optional<SeriesTable::Index> SeriesTable::index_of(std::string_view id) const {
    if (slots_.empty()) return std::nullopt;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = std::hash<std::string_view>{}(id)&mask; slots_[slot] != none;
         slot = (slot + 1) & mask) {
        if (this->id(slots_[slot]) == id) return slots_[slot];
    }
    return std::nullopt;
}

std::optional<SeriesMarks> SeriesTable::marks(std::string_view id) const {
    const auto index = index_of(id);
    if (!index) return std::nullopt;
    return marks(*index);
}

std::optional<SeriesState> SeriesTable::find(std::string_view id) const {
    const auto index = index_of(id);
    if (!index) return std::nullopt;
    return at(*index);
}

SeriesState SeriesTable::at(Index index) const {
    const Entry& entry = entries_[index];
    SeriesState state;
    static_cast<SeriesMarks&>(state) = entry.marks;
    std::vector<const Chunk*> chain;
    for (std::uint32_t chunk = entry.last_chunk; chunk != none; chunk = chunks_[chunk].previous) {
        chain.push_back(&chunks_[chunk]);
    }
    std::ranges::reverse(chain);
    for (const Chunk* chunk : chain) {
        // Unpacked once already, by apply() or restore(): it is sound.
        static_cast<void>(unpack_timestamps(view(chunk->position, chunk->size), chunk->base, state.recent));
    }
    // In order already, unless late data came in between.
    auto& recent = state.recent;
    if (std::ranges::adjacent_find(recent, std::greater_equal<>{}) != recent.end()) {
        std::ranges::sort(recent);
        recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
    }
    recent.erase(recent.begin(), std::ranges::lower_bound(recent, state.known_from));
    return state;
}

void SeriesTable::insert(Index index) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = std::hash<std::string_view>{}(id(index)) & mask;
    while (slots_[slot] != none) {
        slot = (slot + 1) & mask;
    }
    slots_[slot] = index;
}

void SeriesTable::rehash(std::size_t slots) {
    slots_.assign(std::bit_ceil(slots), none);
    for (Index index = 0; index < entries_.size(); ++index) {
        insert(index);
    }
}

void SeriesTable::reserve(std::size_t series) {
    entries_.reserve(series);
    chunks_.reserve(series);
    if (slots_.size() < series * 2) rehash(std::max<std::size_t>(series * 2, 16));
}

SeriesTable::Index SeriesTable::append(const Entry& entry) {
    const auto index = static_cast<Index>(entries_.size());
    entries_.push_back(entry);
    if (slots_.size() < entries_.size() * 2) {
        rehash(std::max<std::size_t>(entries_.size() * 4, 16));
    } else {
        insert(index);
    }
    return index;
}

SeriesTable::Index SeriesTable::define(std::string_view id) {
    Entry entry;
    entry.id_position = static_cast<std::uint32_t>(arena_.size());
    entry.id_size = static_cast<std::uint32_t>(id.size());
    arena_ += id;
    return append(entry);
}

bool SeriesTable::apply(Index index, Timestamp base, std::string_view packed, Timestamp complete_until,
                        Timestamp updated, std::int64_t keep) {
    Entry& entry = entries_[index];
    SeriesMarks& marks = entry.marks;
    if (complete_until != 0 && complete_until < marks.complete_until) {
        marks = {};
        entry.last_chunk = none;
    }
    if (!packed.empty()) {
        const auto last = last_packed_timestamp(packed, base);
        if (!last) return false;
        marks.newest = std::max(marks.newest, *last);
        chunks_.push_back({base, static_cast<std::uint32_t>(arena_.size()),
                           static_cast<std::uint32_t>(packed.size()), entry.last_chunk});
        entry.last_chunk = static_cast<std::uint32_t>(chunks_.size() - 1);
        arena_ += packed;
    }
    marks.complete_until = std::max(marks.complete_until, complete_until);
    if (updated != 0) marks.updated = updated;
    if (marks.complete_until > 0) {
        marks.known_from = std::max(marks.known_from, std::min(marks.newest, marks.complete_until) - keep);
    }
    return true;
}

void SeriesTable::settle(Index index, Timestamp until) {
    std::string packed;
    pack_timestamps(packed, until, std::span(&until, 1));
    Entry& entry = entries_[index];
    entry.marks = {.newest = until, .complete_until = until, .updated = 0, .known_from = until};
    entry.last_chunk = static_cast<std::uint32_t>(chunks_.size());
    chunks_.push_back(
        {until, static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(packed.size()), none});
    arena_ += packed;
}

std::string_view SeriesTable::adopt(std::string bytes) {
    *this = SeriesTable();
    arena_ = std::move(bytes);
    return arena_;
}

bool SeriesTable::restore(std::string_view id, const SeriesMarks& marks, std::string_view packed) {
    const auto position_of = [&](std::string_view part) {
        return static_cast<std::uint32_t>(part.data() - arena_.data());
    };
    Entry entry;
    entry.marks = marks;
    entry.id_position = position_of(id);
    entry.id_size = static_cast<std::uint32_t>(id.size());
    if (!packed.empty()) {
        if (!last_packed_timestamp(packed, marks.newest)) return false;
        entry.last_chunk = static_cast<std::uint32_t>(chunks_.size());
        chunks_.push_back(
            {marks.newest, position_of(packed), static_cast<std::uint32_t>(packed.size()), none});
    }
    append(entry);
    return true;
}

} // namespace meshprobe
