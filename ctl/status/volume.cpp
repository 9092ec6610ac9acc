// What the local archive counts: one row for each host and day.
#include "ctl/status/gather.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <memory>

namespace meshprobe::status {

namespace {

struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

std::string text_of(sqlite3_stmt* row, int column) {
    const void* bytes = sqlite3_column_blob(row, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return bytes == nullptr ? std::string{} : std::string(static_cast<const char*>(bytes), size);
}

} // namespace

Result<std::map<std::string, std::vector<DayVolume>, std::less<>>>
read_volume(const std::filesystem::path& database) {
    std::map<std::string, std::vector<DayVolume>, std::less<>> volume;
    std::error_code error;
    if (!std::filesystem::exists(database, error) && !error) return volume; // nothing was delivered yet
    sqlite3* raw = nullptr;
    int result =
        sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, nullptr);
    const std::unique_ptr<sqlite3, Closer> connection(raw);
    const auto failed = [&] {
        return fail(ErrorKind::storage, fmt::format("read {}: {}", database.string(), sqlite3_errmsg(raw)));
    };
    if (result != SQLITE_OK) return failed();
    sqlite3_busy_timeout(raw, 2000);
    sqlite3_stmt* prepared = nullptr;
    result =
        sqlite3_prepare_v2(raw,
                           "SELECT host, day, points, bytes FROM volume WHERE day >= date('now', '-7 days') "
                           "ORDER BY host, day DESC",
                           -1, &prepared, nullptr);
    const std::unique_ptr<sqlite3_stmt, Closer> statement(prepared);
    if (result != SQLITE_OK) return failed();
    while ((result = sqlite3_step(prepared)) == SQLITE_ROW) {
        volume[text_of(prepared, 0)].push_back(
            {text_of(prepared, 1), static_cast<std::uint64_t>(sqlite3_column_int64(prepared, 2)),
             static_cast<std::uint64_t>(sqlite3_column_int64(prepared, 3))});
    }
    if (result != SQLITE_DONE) return failed();
    return volume;
}

} // namespace meshprobe::status
