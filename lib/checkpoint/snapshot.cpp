#include "lib/checkpoint/snapshot.hpp"

#include "lib/checkpoint/encoding.hpp"
#include "lib/checkpoint/record.hpp"
#include "lib/spool/crc32c.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

constexpr std::string_view magic = "MPSNAP1\r\n";
constexpr std::size_t checksum_size = 4;
constexpr Timestamp forgotten_after = 400LL * 24 * 3600;

Timestamp last_news(const SeriesMarks& marks) {
    return std::max({marks.newest, marks.complete_until, marks.updated});
}

std::vector<SeriesTable::Index> series_to_keep(const SeriesTable& series) {
    Timestamp newest_of_all = 0;
    for (SeriesTable::Index index = 0; index < series.size(); ++index) {
        newest_of_all = std::max(newest_of_all, series.marks(index).newest);
    }
    std::vector<SeriesTable::Index> kept;
    kept.reserve(series.size());
    for (SeriesTable::Index index = 0; index < series.size(); ++index) {
        if (last_news(series.marks(index)) >= newest_of_all - forgotten_after) kept.push_back(index);
    }
    return kept;
}

tl::unexpected<Error> damaged() {
    return fail(ErrorKind::storage, "the snapshot is damaged");
}

} // namespace

std::string encode_snapshot(std::uint64_t generation, const CheckpointState& state) {
    std::string bytes(magic);
    Encoder encoder(bytes);
    encoder.number(generation);
    encoder.signed_number(state.last_usec);
    encode_progress(encoder, state.progress);
    encode_gaps(encoder, state.gaps);
    const auto kept = series_to_keep(state.series);
    encoder.number(kept.size());
    std::string packed;
    for (const SeriesTable::Index index : kept) {
        const SeriesState series = state.series.at(index);
        encoder.text(state.series.id(index));
        encoder.signed_number(series.newest);
        encoder.signed_number(series.newest - series.complete_until);
        encoder.signed_number(series.newest - series.updated);
        encoder.signed_number(series.newest - series.known_from);
        packed.clear();
        pack_timestamps(packed, series.newest, series.recent);
        encoder.text(packed);
    }
    encode_gap_archives(encoder, state.gaps);
    encoder.fixed32(crc32c(bytes));
    return bytes;
}

Result<Snapshot> decode_snapshot(std::string bytes) {
    if (!std::string_view(bytes).starts_with(magic)) {
        return fail(ErrorKind::storage, "not a checkpoint snapshot of this version");
    }
    if (bytes.size() < magic.size() + checksum_size) return damaged();
    Decoder checksum(std::string_view(bytes).substr(bytes.size() - checksum_size));
    if (checksum.fixed32() != crc32c(std::string_view(bytes).substr(0, bytes.size() - checksum_size)))
        return damaged();

    Snapshot snapshot;
    SeriesTable& table = snapshot.state.series;
    std::string_view covered = table.adopt(std::move(bytes));
    covered.remove_suffix(checksum_size);
    Decoder decoder(covered);
    static_cast<void>(decoder.take(magic.size()));
    snapshot.generation = decoder.number();
    snapshot.state.last_usec = decoder.signed_number();
    snapshot.state.progress = decode_progress(decoder);
    snapshot.state.gaps = decode_gaps(decoder);
    const std::size_t count = decoder.count();
    table.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view id = decoder.text();
        SeriesMarks marks;
        marks.newest = decoder.seconds();
        marks.complete_until = marks.newest - decoder.seconds();
        marks.updated = marks.newest - decoder.seconds();
        marks.known_from = marks.newest - decoder.seconds();
        const std::string_view packed = decoder.text();
        if (!decoder.good() || !table.restore(id, marks, packed)) return damaged();
    }
    // Snapshots of earlier versions end here: then each gap is one of all archives.
    if (decoder.good() && !decoder.at_end()) decode_gap_archives(decoder, snapshot.state.gaps);
    if (!decoder.at_end()) return damaged();
    return snapshot;
}

} // namespace meshprobe
