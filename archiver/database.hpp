// SQLite, owned: a connection and its prepared statements. All errors are `storage` and say what to do.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace meshprobe {

class Database;

/// A prepared statement, used again and again: bind what it asks for, step, reset.
class Query {
  public:
    Query() = default;

    // Positions count from 1. Text must stay in place until the next reset().
    void bind(int position, std::int64_t value);
    void bind(int position, double value);
    void bind(int position, std::string_view text);
    void bind_null(int position);

    [[nodiscard]] Result<bool> step(); ///< true: there is a row
    [[nodiscard]] Status run();        ///< to its end, then reset
    void reset();

    // Columns count from 0.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;

  private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    const Database* database_ = nullptr;
};

class Database {
  public:
    /// Made if absent.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path);

    [[nodiscard]] Status execute(const std::string& sql);
    [[nodiscard]] Result<Query> prepare(std::string_view sql);
    [[nodiscard]] Result<std::int64_t> number(std::string_view sql); ///< the first column of the first row

    [[nodiscard]] std::int64_t last_row() const;
    [[nodiscard]] std::int64_t changes() const; ///< rows of the last statement
    [[nodiscard]] bool in_transaction() const;
    [[nodiscard]] bool has_moved() const; ///< somebody took the file away: it is not where it was opened
    [[nodiscard]] Error error() const;    ///< of the last call that failed

  private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    Database(std::unique_ptr<sqlite3, Close> connection, std::filesystem::path path)
        : connection_(std::move(connection)), path_(std::move(path)) {}

    std::unique_ptr<sqlite3, Close> connection_;
    std::filesystem::path path_;
};

} // namespace meshprobe
