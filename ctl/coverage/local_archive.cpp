#include "ctl/coverage/local_archive.hpp"

#include "lib/json.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <functional>
#include <span>

namespace meshprobe::coverage {

namespace {

struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

std::string text_of(sqlite3_stmt* row, int column) {
    const void* bytes = sqlite3_column_blob(row, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return bytes == nullptr ? std::string{} : std::string(static_cast<const char*>(bytes), size);
}

Status query(sqlite3* database, const std::filesystem::path& file, const char* sql,
             std::span<const std::string> parameters, const std::function<void(sqlite3_stmt*)>& take) {
    const auto failed = [&] {
        return fail(ErrorKind::storage, fmt::format("read {}: {}", file.string(), sqlite3_errmsg(database)));
    };
    sqlite3_stmt* prepared = nullptr;
    int result = sqlite3_prepare_v2(database, sql, -1, &prepared, nullptr);
    const std::unique_ptr<sqlite3_stmt, Finalizer> statement(prepared);
    if (result != SQLITE_OK) return failed();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        sqlite3_bind_text(prepared, static_cast<int>(i) + 1, parameters[i].data(),
                          static_cast<int>(parameters[i].size()), SQLITE_STATIC);
    }
    while ((result = sqlite3_step(prepared)) == SQLITE_ROW)
        take(prepared);
    if (result != SQLITE_DONE) return failed();
    return {};
}

/// {"error": "text"}; anything else is shown as it is.
std::string failure_text(const std::string& value) {
    const auto json = nlohmann::json::parse(value, nullptr, false);
    if (json.is_object() && json.contains("error") && json["error"].is_string())
        return json["error"].get<std::string>();
    return value;
}

} // namespace

void LocalArchive::Closer::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

Result<LocalArchive> LocalArchive::open(const std::filesystem::path& database) {
    LocalArchive archive;
    archive.file_ = database;
    std::error_code error;
    if (!std::filesystem::exists(database, error) && !error) return archive;
    sqlite3* raw = nullptr;
    const int result =
        sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, nullptr);
    archive.database_.reset(raw);
    if (result != SQLITE_OK)
        return fail(ErrorKind::storage, fmt::format("read {}: {}", database.string(), sqlite3_errmsg(raw)));
    sqlite3_busy_timeout(raw, 2000);
    return archive;
}

Result<std::vector<ArchivedSeries>> LocalArchive::series(const std::string& host) const {
    std::vector<ArchivedSeries> found;
    if (!database_) return found;
    const auto done =
        query(database_.get(), file_,
              "SELECT m.key, m.source, m.destination, m.input_source, m.input_destination, e.name,"
              " (SELECT max(ts) FROM point p WHERE p.series = s.id)"
              " FROM measurement_archive a JOIN metadata m ON m.measurement_archive = a.id"
              " JOIN series s ON s.metadata = m.id JOIN event_type e ON e.id = s.event_type"
              " WHERE a.host = ?1 AND instr(e.name, '/') = 0", // no summaries
              std::span(&host, 1), [&](sqlite3_stmt* row) {
                  found.push_back({{text_of(row, 0), text_of(row, 1), text_of(row, 2), text_of(row, 3),
                                    text_of(row, 4), "", "", ""},
                                   text_of(row, 5),
                                   sqlite3_column_int64(row, 6)});
              });
    if (!done) return fail(done.error());
    return found;
}

Result<std::string> LocalArchive::newest_failure(const std::string& host, const std::string& key) const {
    std::string text;
    if (!database_) return text;
    const std::vector<std::string> parameters{host, key};
    const auto done =
        query(database_.get(), file_,
              "SELECT p.value FROM measurement_archive a"
              " JOIN metadata m ON m.measurement_archive = a.id JOIN series s ON s.metadata = m.id"
              " JOIN event_type e ON e.id = s.event_type JOIN point p ON p.series = s.id"
              " WHERE a.host = ?1 AND m.key = ?2 AND e.name = 'failures'"
              " ORDER BY p.ts DESC LIMIT 1",
              parameters, [&](sqlite3_stmt* row) { text = failure_text(text_of(row, 0)); });
    if (!done) return fail(done.error());
    return text;
}

Result<Timestamp> LocalArchive::newest_between(const std::string& host, const std::string& key,
                                               const std::string& event_type, Timestamp from,
                                               Timestamp until) const {
    Timestamp newest = 0;
    if (!database_) return newest;
    const std::vector<std::string> parameters{host, key, event_type, std::to_string(from),
                                              std::to_string(until)};
    const auto done =
        query(database_.get(), file_,
              "SELECT max(p.ts) FROM measurement_archive a"
              " JOIN metadata m ON m.measurement_archive = a.id JOIN series s ON s.metadata = m.id"
              " JOIN event_type e ON e.id = s.event_type JOIN point p ON p.series = s.id"
              " WHERE a.host = ?1 AND m.key = ?2 AND p.ts BETWEEN CAST(?4 AS INTEGER) AND CAST(?5 AS INTEGER)"
              " AND (e.name = ?3 OR ?3 = '' AND e.name NOT IN ('failures', 'pscheduler-run-href')"
              " AND instr(e.name, '/') = 0)",
              parameters, [&](sqlite3_stmt* row) { newest = sqlite3_column_int64(row, 0); });
    if (!done) return fail(done.error());
    return newest;
}

Result<LocalArchive::Failure> LocalArchive::failure_between(const std::string& host, const std::string& key,
                                                            Timestamp from, Timestamp until) const {
    Failure failure;
    if (!database_) return failure;
    const std::vector<std::string> parameters{host, key, std::to_string(from), std::to_string(until)};
    const auto done =
        query(database_.get(), file_,
              "SELECT p.ts, p.value FROM measurement_archive a"
              " JOIN metadata m ON m.measurement_archive = a.id JOIN series s ON s.metadata = m.id"
              " JOIN event_type e ON e.id = s.event_type JOIN point p ON p.series = s.id"
              " WHERE a.host = ?1 AND m.key = ?2 AND e.name = 'failures'"
              " AND p.ts BETWEEN CAST(?3 AS INTEGER) AND CAST(?4 AS INTEGER) ORDER BY p.ts DESC LIMIT 1",
              parameters, [&](sqlite3_stmt* row) {
                  failure = {sqlite3_column_int64(row, 0), failure_text(text_of(row, 1))};
              });
    if (!done) return fail(done.error());
    return failure;
}

} // namespace meshprobe::coverage
