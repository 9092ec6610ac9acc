#include "archiver/point_writer.hpp"

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <functional>

namespace meshprobe {
namespace {

constexpr std::size_t most_remembered = 500'000; // entries of 2 000 hosts
constexpr std::int64_t day_seconds = 86'400;

std::string day_text(std::int64_t day) {
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::size_t fingerprint_of(const RawBody& body) {
    std::size_t fingerprint = 0;
    for (const auto& member : body.meta) {
        fingerprint =
            fingerprint * 1'099'511'628'211U + (member ? std::hash<std::string_view>()(*member) : 1);
    }
    return fingerprint;
}

} // namespace

Result<std::unique_ptr<PointWriter>> PointWriter::create(Database& database) {
    std::unique_ptr<PointWriter> writer(new PointWriter(database));
    if (auto prepared = writer->prepare(); !prepared) return fail(prepared.error());
    return writer;
}

Status PointWriter::prepare() {
    std::string columns;
    std::string places;
    std::string updates;
    for (std::size_t index = 0; index < meta_members.size(); ++index) {
        columns += fmt::format(", {}", meta_members[index]);
        places += fmt::format(", ?{}", index + 3);
        updates += fmt::format("{0}{1} = excluded.{1}", index == 0 ? "" : ", ", meta_members[index]);
    }
    const std::array<std::pair<Query*, std::string>, 15> all{{
        {&insert_archive_, "INSERT OR IGNORE INTO measurement_archive (host) VALUES (?1)"},
        {&select_archive_, "SELECT id FROM measurement_archive WHERE host = ?1"},
        {&insert_event_type_, "INSERT OR IGNORE INTO event_type (name) VALUES (?1)"},
        {&select_event_type_, "SELECT id FROM event_type WHERE name = ?1"},
        {&upsert_metadata_, fmt::format("INSERT INTO metadata (measurement_archive, key{}) VALUES (?1, ?2{}) "
                                        "ON CONFLICT (measurement_archive, key) DO UPDATE SET {}",
                                        columns, places, updates)},
        {&select_metadata_, "SELECT id FROM metadata WHERE measurement_archive = ?1 AND key = ?2"},
        {&insert_series_, "INSERT OR IGNORE INTO series (metadata, event_type) VALUES (?1, ?2)"},
        {&select_series_, "SELECT id FROM series WHERE metadata = ?1 AND event_type = ?2"},
        {&insert_point_, "INSERT INTO point (series, ts, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"},
        {&update_point_, "UPDATE point SET value = ?3 WHERE series = ?1 AND ts = ?2 AND value IS NOT ?3"},
        {&insert_limit_, "INSERT OR IGNORE INTO limit_name (name) VALUES (?1)"},
        {&select_limit_, "SELECT id FROM limit_name WHERE name = ?1"},
        {&insert_flag_, "INSERT OR IGNORE INTO flag (series, ts, limit_name) VALUES (?1, ?2, ?3)"},
        {&delete_flags_, "DELETE FROM flag WHERE series = ?1 AND ts = ?2"},
        {&add_volume_,
         "INSERT INTO volume (host, day, points, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (host, day) "
         "DO UPDATE SET points = points + excluded.points, bytes = bytes + excluded.bytes"},
    }};
    for (const auto& [query, sql] : all) {
        auto prepared = database_.prepare(sql);
        if (!prepared) return fail(prepared.error());
        *query = std::move(*prepared);
    }
    return {};
}

Status PointWriter::write(std::string_view host, const RawBody& body) {
    const auto entry = metadata(host, body);
    if (!entry) return fail(entry.error());
    if (!body.points.empty() || body.summaries.empty()) {
        if (auto written = write_series(host, **entry, {body.event_type, body.points, body.limits}); !written)
            return written;
    }
    for (const RawSummaries& summaries : body.summaries) {
        if (auto written = write_series(host, **entry, {summaries.series, summaries.points, body.limits});
            !written)
            return written;
    }
    return {};
}

Status PointWriter::write_series(std::string_view host, Metadata& entry, const Part& part) {
    const auto id = series(entry, part.series);
    if (!id) return fail(id.error());
    Volume* volume = nullptr;
    std::int64_t day = -1;
    for (const RawPoint& point : part.points) {
        const auto is_new = write_point(*id, point);
        if (!is_new) return fail(is_new.error());
        if (auto flagged = write_flags(*id, point.ts, *is_new, part.limits); !flagged) return flagged;
        if (!*is_new) continue;
        if (volume == nullptr || point.ts / day_seconds != day) {
            day = point.ts / day_seconds;
            volume = &volume_[{std::string(host), day}];
        }
        ++volume->points;
        volume->bytes += point.size;
    }
    return {};
}

Result<bool> PointWriter::write_point(std::int64_t series, const RawPoint& point) {
    const auto run = [&](Query& query) {
        query.bind(1, series);
        query.bind(2, point.ts);
        std::visit([&](auto value) { query.bind(3, value); }, point.value);
        return query.run();
    };
    if (auto inserted = run(insert_point_); !inserted) return fail(inserted.error());
    if (database_.changes() > 0) return true;
    if (auto updated = run(update_point_); !updated) return fail(updated.error());
    return false;
}

Status PointWriter::write_flags(std::int64_t series, std::int64_t ts, bool is_new,
                                const std::vector<std::string_view>& limits) {
    if (!is_new) {
        delete_flags_.bind(1, series);
        delete_flags_.bind(2, ts);
        if (auto deleted = delete_flags_.run(); !deleted) return deleted;
    }
    for (const auto name : limits) {
        const auto limit = intern(insert_limit_, select_limit_, name);
        if (!limit) return fail(limit.error());
        insert_flag_.bind(1, series);
        insert_flag_.bind(2, ts);
        insert_flag_.bind(3, *limit);
        if (auto inserted = insert_flag_.run(); !inserted) return inserted;
    }
    return {};
}

Status PointWriter::write_volume() {
    for (const auto& [key, volume] : volume_) {
        const std::string day = day_text(key.second);
        add_volume_.bind(1, std::string_view(key.first));
        add_volume_.bind(2, std::string_view(day));
        add_volume_.bind(3, volume.points);
        add_volume_.bind(4, volume.bytes);
        if (auto added = add_volume_.run(); !added) return added;
    }
    volume_.clear();
    return {};
}

void PointWriter::forget() {
    metadata_.clear();
    volume_.clear();
}

Result<std::int64_t> PointWriter::intern(Query& insert, Query& select, std::string_view name) {
    insert.bind(1, name);
    if (auto inserted = insert.run(); !inserted) return fail(inserted.error());
    select.bind(1, name);
    const auto row = select.step();
    const std::int64_t id = row && *row ? select.integer(0) : 0;
    select.reset();
    if (!row) return fail(row.error());
    return id;
}

Result<PointWriter::Metadata*> PointWriter::metadata(std::string_view host, const RawBody& body) {
    if (metadata_.size() > most_remembered) metadata_.clear();
    Metadata& entry = metadata_[fmt::format("{} {}", host, body.metadata_key)];
    const std::size_t fingerprint = fingerprint_of(body);
    if (entry.id != 0 && entry.fingerprint == fingerprint) return &entry;

    const auto archive = intern(insert_archive_, select_archive_, host);
    if (!archive) return fail(archive.error());
    upsert_metadata_.bind(1, *archive);
    upsert_metadata_.bind(2, body.metadata_key);
    for (std::size_t index = 0; index < body.meta.size(); ++index) {
        const int position = static_cast<int>(index) + 3;
        body.meta[index] ? upsert_metadata_.bind(position, *body.meta[index])
                         : upsert_metadata_.bind_null(position);
    }
    if (auto upserted = upsert_metadata_.run(); !upserted) return fail(upserted.error());
    select_metadata_.bind(1, *archive);
    select_metadata_.bind(2, body.metadata_key);
    const auto row = select_metadata_.step();
    if (row && *row) entry.id = select_metadata_.integer(0);
    select_metadata_.reset();
    if (!row) return fail(row.error());
    entry.fingerprint = fingerprint;
    return &entry;
}

Result<std::int64_t> PointWriter::series(Metadata& metadata, std::string_view name) {
    for (const auto& [known, id] : metadata.series) {
        if (known == name) return id;
    }
    const auto type = intern(insert_event_type_, select_event_type_, name);
    if (!type) return fail(type.error());
    for (Query* query : {&insert_series_, &select_series_}) {
        query->bind(1, metadata.id);
        query->bind(2, *type);
    }
    if (auto inserted = insert_series_.run(); !inserted) return fail(inserted.error());
    const auto row = select_series_.step();
    const std::int64_t id = row && *row ? select_series_.integer(0) : 0;
    select_series_.reset();
    if (!row) return fail(row.error());
    metadata.series.emplace_back(name, id);
    return id;
}

} // namespace meshprobe
