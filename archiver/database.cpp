#include "archiver/database.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

namespace meshprobe {

void Query::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection); // waits for statements that are still held
}

// A bind can only fail for a wrong position or a lack of memory; the step that follows says so.
void Query::bind(int position, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), position, value);
}

void Query::bind(int position, double value) {
    sqlite3_bind_double(statement_.get(), position, value);
}

void Query::bind(int position, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), position, text.data(), text.size(), nullptr /* SQLITE_STATIC */,
                        SQLITE_UTF8);
}

void Query::bind_null(int position) {
    sqlite3_bind_null(statement_.get(), position);
}

Result<bool> Query::step() {
    switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
        return true;
    case SQLITE_DONE:
        return false;
    default:
        return fail(database_->error());
    }
}

Status Query::run() {
    auto row = step();
    while (row && *row)
        row = step();
    reset();
    return row ? Status() : fail(row.error());
}

void Query::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Query::text(int column) const {
    // As a blob: the same bytes, without a pointer to another type.
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, nullptr);
    std::unique_ptr<Database> database(new Database(std::unique_ptr<sqlite3, Close>(raw), path));
    if (opened != SQLITE_OK) return fail(database->error());
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, 5000);
    // The -wal and -shm files stay when the last connection ends: whoever may read, but not write here
    // (status, people with sqlite3 -readonly) needs them to be there.
    int persist = 1;
    sqlite3_file_control(raw, nullptr, SQLITE_FCNTL_PERSIST_WAL, &persist);
    return database;
}

Status Database::execute(const std::string& sql) {
    if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return fail(error());
    return {};
}

Result<Query> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
        return fail(error());
    Query query;
    query.statement_.reset(raw);
    query.database_ = this;
    return query;
}

Result<std::int64_t> Database::number(std::string_view sql) {
    auto query = prepare(sql);
    if (!query) return fail(query.error());
    const auto row = query->step();
    if (!row) return fail(row.error());
    return *row ? query->integer(0) : 0;
}

std::int64_t Database::last_row() const {
    return sqlite3_last_insert_rowid(connection_.get());
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(connection_.get());
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(connection_.get()) == 0;
}

bool Database::has_moved() const {
    int moved = 0;
    return sqlite3_file_control(connection_.get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}

Error Database::error() const {
    const int code = sqlite3_errcode(connection_.get()) & 0xff;
    const std::string why = sqlite3_errmsg(connection_.get());
    const std::string file = path_.string();
    switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {
            ErrorKind::storage,
            fmt::format(
                "{} is damaged ({}); move it away together with its -wal and -shm files, or restore it: a "
                "new one is begun, and what was not delivered is still in the spool",
                file, why)};
    case SQLITE_FULL:
        return {ErrorKind::storage,
                fmt::format("{}: {}; make room, or lower archives.NAME.retention", file, why)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {ErrorKind::storage,
                fmt::format("{}: {}; another program holds it for more than 5 s", file, why)};
    default:
        return {ErrorKind::storage, fmt::format("{}: {}", file, why)};
    }
}

} // namespace meshprobe
