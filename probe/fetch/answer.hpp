// The JSON documents that a pScheduler and an OpenSearch answer with: from their text to what the probe needs
// of them, without network and state.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"
#include "lib/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// JSON of at most 64 levels; everything else is a `protocol` error that says what it is instead.
[[nodiscard]] Result<nlohmann::json> parse_answer(std::string_view text);

/// An answer to a search.
struct SearchPage {
    std::vector<nlohmann::json> documents; ///< "_source" of each
    std::size_t hits = 0;                  ///< as many as were asked for, unless it is the last page
    nlohmann::json last; ///< "sort" of the last hit: where the next page begins; null: it does not say
};
/// An error too if not all shards have answered: what they hold would be skipped for good.
[[nodiscard]] Result<SearchPage> read_search_page(std::string_view text);

/// A line of a pScheduler's schedule: a run that has ended.
struct ScheduledRun {
    std::string path; ///< of the run: "/pscheduler/tasks/T/runs/R"
    std::string task; ///< path of its task
    std::string test_type;
    Timestamp start = 0;
    /// It ends where it starts: an interval of a test that goes on in the background.
    bool is_instant = false;
};
struct Schedule {
    std::vector<ScheduledRun> runs; ///< those that may have a result
    std::optional<Timestamp> date;  ///< the server's clock
    std::uint64_t odd = 0;          ///< lines that do not say which run they are, or of when
};
/// Of a JSON array.
[[nodiscard]] Result<Schedule> read_schedule(std::string_view text);

struct ListedTask {
    std::string path;    ///< "/pscheduler/tasks/T"
    nlohmann::json task; ///< as it is archived, without its archives, diagnostics and tools
};
[[nodiscard]] Result<std::vector<ListedTask>> read_tasks(std::string_view text);

} // namespace meshprobe
