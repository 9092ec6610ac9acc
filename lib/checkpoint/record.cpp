#include "lib/checkpoint/record.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}

std::int64_t unzigzag(std::uint64_t bits) {
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

bool is_timestamp(Timestamp ts) {
    return ts >= 0 && ts <= latest_timestamp;
}

std::vector<LoggedSegment> decode_segments(Decoder& decoder) {
    std::vector<LoggedSegment> segments(decoder.count());
    for (LoggedSegment& segment : segments) {
        segment.archive = decoder.text();
        segment.name = decoder.text();
        segment.checksum = decoder.fixed32();
        segment.size = decoder.number();
    }
    return segments;
}

/// 0 stays 0, "unchanged"; anything else is told by its distance from the base.
std::uint64_t code_mark(Timestamp mark, Timestamp base) {
    return mark == 0 ? 0 : zigzag(mark - base) + 1;
}

/// False if the number is none that code_mark() makes.
bool decode_mark(std::uint64_t coded, Timestamp base, Timestamp& mark) {
    if (coded == 0) return true;
    const std::int64_t distance = unzigzag(coded - 1);
    if (distance < -latest_timestamp || distance > latest_timestamp) return false;
    mark = distance + base;
    return is_timestamp(mark);
}

/// False if a number is none that encode_record() writes.
bool decode_changes(Decoder& decoder, Timestamp base, std::vector<LoggedChange>& changes) {
    changes.resize(decoder.count());
    std::uint64_t next = 0;
    for (LoggedChange& change : changes) {
        const std::uint64_t index = next + decoder.number();
        if (index < next || index > UINT32_MAX) return false;
        change.index = static_cast<SeriesTable::Index>(index);
        next = index + 1;
        if (!decode_mark(decoder.number(), base, change.complete_until)) return false;
        if (!decode_mark(decoder.number(), base, change.updated)) return false;
        change.packed = decoder.text();
    }
    return true;
}

void encode_healed(Encoder& encoder, const std::vector<Healing>& healed) {
    encoder.number(healed.size());
    for (const Healing& healing : healed) {
        encoder.text(healing.series);
        encoder.text(healing.archive);
        encoder.signed_number(healing.since);
        encoder.signed_number(healing.until - healing.since);
    }
}

std::vector<Healing> decode_healed(Decoder& decoder) {
    std::vector<Healing> healed(decoder.count());
    for (Healing& healing : healed) {
        healing.series = decoder.text();
        healing.archive = decoder.text();
        healing.since = decoder.seconds();
        healing.until = healing.since + decoder.seconds();
    }
    return healed;
}

} // namespace

bool Record::changes_nothing() const {
    return segments.empty() && new_series.empty() && changes.empty() && gaps.empty() && healed.empty() &&
           !progress;
}

void encode_gaps(Encoder& encoder, const std::vector<Gap>& gaps) {
    encoder.number(gaps.size());
    for (const Gap& gap : gaps) {
        encoder.text(gap.series);
        encoder.signed_number(gap.since);
        encoder.signed_number(gap.until - gap.since);
        encoder.text(gap.reason);
    }
}

std::vector<Gap> decode_gaps(Decoder& decoder) {
    std::vector<Gap> gaps(decoder.count());
    for (Gap& gap : gaps) {
        gap.series = decoder.text();
        gap.since = decoder.seconds();
        gap.until = gap.since + decoder.seconds();
        gap.reason = decoder.text();
    }
    return gaps;
}

void encode_gap_archives(Encoder& encoder, const std::vector<Gap>& gaps) {
    for (const Gap& gap : gaps)
        encoder.text(gap.archive);
}

void decode_gap_archives(Decoder& decoder, std::vector<Gap>& gaps) {
    for (Gap& gap : gaps)
        gap.archive = decoder.text();
}

void encode_progress(Encoder& encoder, const Progress& progress) {
    encoder.signed_number(progress.since);
    encoder.signed_number(progress.polled_until);
    encoder.signed_number(progress.reread_at);
    encoder.text(progress.archive_url);
    encoder.text(progress.flavour);
}

Progress decode_progress(Decoder& decoder) {
    Progress progress;
    progress.since = decoder.seconds();
    progress.polled_until = decoder.seconds();
    progress.reread_at = decoder.seconds();
    progress.archive_url = decoder.text();
    progress.flavour = decoder.text();
    return progress;
}

std::string encode_record(const Record& record) {
    std::string payload;
    Encoder encoder(payload);
    encoder.signed_number(record.last_usec);
    encoder.text(record.run);
    encoder.number(record.segments.size());
    for (const LoggedSegment& segment : record.segments) {
        encoder.text(segment.archive);
        encoder.text(segment.name);
        encoder.fixed32(segment.checksum);
        encoder.number(segment.size);
    }
    encoder.number(record.new_series.size());
    for (const std::string& id : record.new_series) {
        encoder.text(id);
    }
    encoder.signed_number(record.base);
    encoder.number(record.changes.size());
    std::uint64_t next = 0;
    for (const LoggedChange& change : record.changes) {
        encoder.number(change.index - next);
        next = change.index + std::uint64_t{1};
        encoder.number(code_mark(change.complete_until, record.base));
        encoder.number(code_mark(change.updated, record.base));
        encoder.text(change.packed);
    }
    encode_gaps(encoder, record.gaps);
    encoder.number(record.progress ? 1 : 0);
    if (record.progress) encode_progress(encoder, *record.progress);
    encode_gap_archives(encoder, record.gaps);
    encode_healed(encoder, record.healed);
    return payload;
}

std::optional<Record> decode_record(std::string_view payload) {
    Decoder decoder(payload);
    Record record;
    record.last_usec = decoder.signed_number();
    record.run = decoder.text();
    record.segments = decode_segments(decoder);
    record.new_series.resize(decoder.count());
    for (std::string& id : record.new_series) {
        id = decoder.text();
    }
    record.base = decoder.seconds();
    if (!is_timestamp(record.base) || !decode_changes(decoder, record.base, record.changes))
        return std::nullopt;
    record.gaps = decode_gaps(decoder);
    if (decoder.number() != 0) record.progress = decode_progress(decoder);
    if (decoder.good() && !decoder.at_end()) {
        decode_gap_archives(decoder, record.gaps);
        record.healed = decode_healed(decoder);
    }
    if (!decoder.at_end()) return std::nullopt;
    return record;
}

bool apply_record(const Record& record, CheckpointState& state, std::int64_t keep_seconds) {
    state.last_usec = std::max(state.last_usec, record.last_usec);
    for (const std::string& id : record.new_series) {
        if (state.series.index_of(id)) return false;
        state.series.define(id);
    }
    for (const LoggedChange& change : record.changes) {
        if (change.index >= state.series.size()) return false;
        if (!state.series.apply(change.index, record.base, change.packed, change.complete_until,
                                change.updated, keep_seconds)) {
            return false;
        }
    }
    for (const Healing& healing : record.healed)
        heal_gaps(state.gaps, healing);
    for (const Gap& gap : record.gaps)
        add_gap(state.gaps, gap);
    if (record.progress) state.progress = *record.progress;
    return true;
}

} // namespace meshprobe
