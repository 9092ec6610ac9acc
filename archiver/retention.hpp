// Keeps the local archive within its age and size, whole days (UTC) of one host at a time, oldest first, in
// steps so small that delivery hardly notices. Freed pages are used again; the file shrinks when more than a
// quarter of it is free.
#pragma once

#include "archiver/database.hpp"
#include "lib/units_of_measure.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace meshprobe {

class Retention {
  public:
    using Now = std::chrono::system_clock::time_point;

    [[nodiscard]] static Result<std::unique_ptr<Retention>>
    create(Database& database, std::optional<Microseconds> age, std::optional<std::uint64_t> size);

    struct Step {
        bool more = false;    ///< there is more to delete
        bool deleted = false; ///< metadata and series went, too: what was remembered of them does not hold
    };
    /// Looks at most once a minute, unless there was more to do or `at_once` is set.
    [[nodiscard]] Result<Step> step(Now now, bool at_once);

  private:
    struct Victim {
        std::string host;
        std::string day;
    };
    Retention(Database& database, std::optional<Microseconds> age, std::optional<std::uint64_t> size)
        : database_(database), age_(age), size_(size) {}
    [[nodiscard]] Status prepare();
    [[nodiscard]] Result<std::optional<Victim>> choose(Now now);
    [[nodiscard]] Result<std::string> oldest_to_keep(Now now);    ///< the day that `age` reaches back to
    [[nodiscard]] Result<bool> delete_some(const Victim& victim); ///< true: that day of that host is gone
    [[nodiscard]] Status delete_some_rows(const Victim& victim, bool& gone);
    [[nodiscard]] Result<bool> shrink();

    Database& database_;
    std::optional<Microseconds> age_;
    std::optional<std::uint64_t> size_;
    Query oldest_, oldest_to_keep_, delete_points_, reduce_volume_, delete_flags_, delete_volume_,
        delete_series_, delete_metadata_;
    Now next_{};
    bool shrunk_ = false; ///< in the write-ahead log, and not yet in the file
};

} // namespace meshprobe
