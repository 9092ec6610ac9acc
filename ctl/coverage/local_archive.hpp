// What the local archive (SQLite) knows about a measurement host, where there is one.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"
#include "lib/checkpoint/subjects.hpp"
#include "lib/error.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct sqlite3;

namespace meshprobe::coverage {

struct ArchivedSeries {
    Subject subject; ///< its test type is not stored
    std::string event_type;
    Timestamp newest = 0;
};

class LocalArchive {
  public:
    /// Nothing was delivered yet: as an empty one.
    [[nodiscard]] static Result<LocalArchive> open(const std::filesystem::path& database);

    [[nodiscard]] Result<std::vector<ArchivedSeries>> series(const std::string& host) const;
    /// The text of the newest failure of a metadata entry; empty if there is none.
    [[nodiscard]] Result<std::string> newest_failure(const std::string& host, const std::string& key) const;

    /// Result with from <= ts <= until; 0: none. `event_type` empty: of any, other than failures.
    [[nodiscard]] Result<Timestamp> newest_between(const std::string& host, const std::string& key,
                                                   const std::string& event_type, Timestamp from,
                                                   Timestamp until) const;
    struct Failure {
        Timestamp ts = 0; ///< 0: none
        std::string text;
    };
    [[nodiscard]] Result<Failure> failure_between(const std::string& host, const std::string& key,
                                                  Timestamp from, Timestamp until) const;

  private:
    struct Closer {
        void operator()(sqlite3* database) const;
    };
    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Closer> database_;
};

} // namespace meshprobe::coverage
