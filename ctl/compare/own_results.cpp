#include "ctl/compare/own_results.hpp"

#include "lib/command_line.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <vector>

namespace meshprobe::comparison {

namespace {

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

std::string column_text(sqlite3_stmt* row, int column) {
    const auto* text = sqlite3_column_text(row, column);
    return text == nullptr ? std::string{} : std::string(reinterpret_cast<const char*>(text)); // NOLINT
}

std::filesystem::path file_of(const Paths& paths, const Archive& archive) {
    return archive.shadow ? paths.shadow_notes(archive.name) : paths.local_archive() / (archive.name + ".db");
}

} // namespace

Result<std::filesystem::path> database_of(const Paths& paths, const Config& config,
                                          const std::optional<std::string>& archive) {
    std::vector<std::string_view> in_shadow;
    std::vector<std::string_view> local;
    std::vector<std::string_view> names;
    for (const auto& [name, configured] : config.archives) {
        names.push_back(name);
        if (!configured.enabled || configured.faulty) continue;
        if (configured.shadow) {
            in_shadow.push_back(name);
        } else if (configured.archiver == "sqlite") {
            local.push_back(name);
        }
    }
    if (archive) {
        const auto found = config.archives.find(*archive);
        if (found == config.archives.end()) {
            const auto guess = nearest(*archive, names);
            return fail(ErrorKind::usage,
                        fmt::format("there is no archive \"{}\"{}", *archive,
                                    guess ? fmt::format(" (did you mean \"{}\"?)", *guess) : ""));
        }
        if (!found->second.shadow && found->second.archiver != "sqlite") {
            return fail(ErrorKind::usage,
                        fmt::format("archive \"{}\" keeps nothing here to compare with: it is of "
                                    "type {}, and not in shadow (shadow: true)",
                                    *archive, found->second.archiver));
        }
        return file_of(paths, found->second);
    }
    const auto& candidates = in_shadow.empty() ? local : in_shadow;
    if (candidates.size() == 1) return file_of(paths, config.archives.find(candidates.front())->second);
    if (candidates.empty()) {
        return fail(ErrorKind::usage,
                    "no archive keeps anything here to compare with: set shadow: true for one, or "
                    "configure one of type sqlite");
    }
    return fail(ErrorKind::usage, fmt::format("--archive: which one of {}?", fmt::join(candidates, ", ")));
}

Result<Results> read_own_results(const std::filesystem::path& database, const Range& range) {
    Results results;
    std::error_code error;
    if (!std::filesystem::exists(database, error) && !error) return results;
    sqlite3* raw = nullptr;
    const int opened =
        sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, nullptr);
    const std::unique_ptr<sqlite3, CloseDatabase> connection(raw);
    const auto failed = [&] {
        return fail(ErrorKind::storage, fmt::format("read {}: {}", database.string(), sqlite3_errmsg(raw)));
    };
    if (opened != SQLITE_OK) return failed();
    sqlite3_busy_timeout(raw, 10'000);
    constexpr const char* sql =
        "SELECT a.host, m.key, e.name, p.ts FROM point p JOIN series s ON s.id = p.series"
        " JOIN event_type e ON e.id = s.event_type JOIN metadata m ON m.id = s.metadata"
        " JOIN measurement_archive a ON a.id = m.measurement_archive WHERE p.ts BETWEEN ?1 AND ?2"
        " AND instr(e.name, '/') = 0"; // no summaries: others sent none
    sqlite3_stmt* prepared = nullptr;
    int result = sqlite3_prepare_v2(raw, sql, -1, &prepared, nullptr);
    const std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement(prepared);
    if (result != SQLITE_OK) return failed();
    sqlite3_bind_int64(prepared, 1, range.since);
    sqlite3_bind_int64(prepared, 2, range.until);
    while ((result = sqlite3_step(prepared)) == SQLITE_ROW) {
        const SeriesName series{column_text(prepared, 1), column_text(prepared, 2)};
        if (!results.add(series, column_text(prepared, 0), sqlite3_column_int64(prepared, 3))) {
            return fail(ErrorKind::usage,
                        fmt::format("more than {} results; compare a shorter time", Results::most));
        }
    }
    if (result != SQLITE_DONE) return failed();
    results.sort();
    return results;
}

} // namespace meshprobe::comparison
