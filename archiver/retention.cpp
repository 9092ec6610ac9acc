#include "archiver/retention.hpp"

#include "lib/units_of_measure.hpp"

#include <array>
#include <utility>

namespace meshprobe {
namespace {

constexpr std::int64_t most_deleted = 1000;
constexpr auto budget = std::chrono::milliseconds(30);
constexpr auto interval = std::chrono::minutes(1);

constexpr std::string_view series_of_host =
    "SELECT s.id FROM measurement_archive a JOIN metadata m ON "
    "m.measurement_archive = a.id JOIN series s ON s.metadata = m.id WHERE a.host = ?1";

} // namespace

Result<std::unique_ptr<Retention>> Retention::create(Database& database, std::optional<Microseconds> age,
                                                     std::optional<std::uint64_t> size) {
    std::unique_ptr<Retention> retention(new Retention(database, age, size));
    if (auto prepared = retention->prepare(); !prepared) return fail(prepared.error());
    return retention;
}

Status Retention::prepare() {
    const std::string of_host(series_of_host);
    const std::array<std::pair<Query*, std::string>, 8> all{{
        {&oldest_, "SELECT host, day FROM volume ORDER BY day LIMIT 1"},
        // A clock that is ahead, as some are until the network tells the time, must not empty the archive:
        // the newest day that there is counts as today. Nor must a host whose clock is ahead.
        {&oldest_to_keep_, "SELECT date(min(datetime(?1, 'unixepoch'), max(day) || ' 23:59:59'), "
                           "format('-%d seconds', ?2)) FROM volume"},
        {&delete_points_, "DELETE FROM point WHERE rowid IN (SELECT p.rowid FROM (" + of_host +
                              ") o JOIN point p ON p.series = o.id AND p.ts >= unixepoch(?2) AND "
                              "p.ts < unixepoch(?2, '+1 day') LIMIT ?3)"},
        {&reduce_volume_, "UPDATE volume SET bytes = bytes * max(points - ?3, 0) / max(points, 1), "
                          "points = max(points - ?3, 0) WHERE host = ?1 AND day = ?2"},
        {&delete_flags_, "DELETE FROM flag WHERE series IN (" + of_host +
                             ") AND ts >= unixepoch(?2) AND ts < unixepoch(?2, '+1 day')"},
        {&delete_volume_, "DELETE FROM volume WHERE host = ?1 AND day = ?2"},
        {&delete_series_, "DELETE FROM series WHERE id IN (" + of_host +
                              ") AND NOT EXISTS "
                              "(SELECT 1 FROM point WHERE series = series.id)"},
        {&delete_metadata_,
         "DELETE FROM metadata WHERE measurement_archive = (SELECT id FROM measurement_archive WHERE "
         "host = ?1) AND NOT EXISTS (SELECT 1 FROM series WHERE metadata = metadata.id)"},
    }};
    for (const auto& [query, sql] : all) {
        auto prepared = database_.prepare(sql);
        if (!prepared) return fail(prepared.error());
        *query = std::move(*prepared);
    }
    return {};
}

Result<Retention::Step> Retention::step(Now now, bool at_once) {
    Step step;
    if (!at_once && now < next_ && next_ - now <= interval)
        return step; // further off: the clock was set back
    const auto end = std::chrono::steady_clock::now() + budget;
    do {
        const auto victim = choose(now);
        if (!victim) return fail(victim.error());
        if (!*victim) {
            const auto shrunk = shrink();
            if (!shrunk) return fail(shrunk.error());
            step.more = *shrunk;
            if (step.more) return step;
            next_ = now + interval;
            if (std::exchange(shrunk_, false)) {
                // Only this makes the file smaller; a reader may put it off.
                if (auto copied = database_.execute("PRAGMA wal_checkpoint(PASSIVE)"); !copied)
                    return fail(copied.error());
            }
            return step;
        }
        const auto gone = delete_some(**victim);
        if (!gone) return fail(gone.error());
        step.deleted = step.deleted || *gone;
    } while (std::chrono::steady_clock::now() < end);
    step.more = true;
    return step;
}

Result<std::optional<Retention::Victim>> Retention::choose(Now now) {
    const auto row = oldest_.step();
    Victim oldest;
    if (row && *row) oldest = {oldest_.text(0), oldest_.text(1)};
    oldest_.reset();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<Victim>();
    if (age_) {
        const auto kept = oldest_to_keep(now);
        if (!kept) return fail(kept.error());
        if (oldest.day < *kept) return std::optional(std::move(oldest)); // dates as text sort as dates do
    }
    if (!size_) return std::optional<Victim>();
    const auto used =
        database_.number("SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count p, "
                         "pragma_freelist_count f, pragma_page_size s");
    if (!used) return fail(used.error());
    if (static_cast<std::uint64_t>(*used) <= *size_) return std::optional<Victim>();
    return std::optional(std::move(oldest));
}

Result<std::string> Retention::oldest_to_keep(Now now) {
    const auto seconds = [](auto time) {
        return std::int64_t{std::chrono::floor<std::chrono::seconds>(time).count()};
    };
    oldest_to_keep_.bind(1, seconds(now.time_since_epoch()));
    oldest_to_keep_.bind(2, seconds(*age_));
    const auto row = oldest_to_keep_.step();
    auto day = row && *row ? oldest_to_keep_.text(0) : std::string();
    oldest_to_keep_.reset();
    if (!row) return fail(row.error());
    return day;
}

Result<bool> Retention::delete_some(const Victim& victim) {
    if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
    bool gone = false;
    auto deleted = delete_some_rows(victim, gone);
    if (deleted) deleted = database_.execute("COMMIT");
    if (!deleted) {
        if (database_.in_transaction()) static_cast<void>(database_.execute("ROLLBACK"));
        return fail(deleted.error());
    }
    return gone;
}

Status Retention::delete_some_rows(const Victim& victim, bool& gone) {
    const auto run = [&](Query& query, bool with_day, std::optional<std::int64_t> count) {
        query.bind(1, std::string_view(victim.host));
        if (with_day) query.bind(2, std::string_view(victim.day));
        if (count) query.bind(3, *count);
        return query.run();
    };
    if (auto deleted = run(delete_points_, true, most_deleted); !deleted) return deleted;
    const std::int64_t count = database_.changes();
    gone = count < most_deleted;
    if (!gone) return run(reduce_volume_, true, count);
    for (const auto& [query, with_day] : {std::pair(&delete_flags_, true),
                                          {&delete_volume_, true},
                                          {&delete_series_, false},
                                          {&delete_metadata_, false}}) {
        if (auto deleted = run(*query, with_day, std::nullopt); !deleted) return deleted;
    }
    return {};
}

Result<bool> Retention::shrink() {
    const auto free = database_.number("SELECT freelist_count FROM pragma_freelist_count");
    if (!free) return fail(free.error());
    const auto pages = database_.number("SELECT page_count FROM pragma_page_count");
    if (!pages) return fail(pages.error());
    const auto page_size = database_.number("SELECT page_size FROM pragma_page_size");
    if (!page_size) return fail(page_size.error());
    // What is free is used again, so a file that may grow is only made smaller when much of it is free.
    constexpr std::int64_t little = 1024;
    const bool too_large = size_ && static_cast<std::uint64_t>(*pages * *page_size) > *size_;
    if (*free == 0 || (!too_large && (*free < little || *free < *pages / 4))) return false;
    if (auto vacuumed = database_.execute("PRAGMA incremental_vacuum(1024)"); !vacuumed)
        return fail(vacuumed.error());
    shrunk_ = true;
    return true;
}

} // namespace meshprobe
