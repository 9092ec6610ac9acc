// The JSON documents that a pScheduler and an OpenSearch answer with: from their text to what the probe needs
// of them, without network and state. Most of their bytes are of no use, so nothing is built from these: what
// is kept are copies of what is needed, or views of the text.
//
// Up to 16 bytes behind each text are read, never interpreted. What is no JSON of at most 64 levels, or
// something else than was asked for, is a `protocol` error that says what it is instead.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// The same text, with blanks behind it that may be read.
[[nodiscard]] inline std::string_view with_padding(std::string& text) {
    constexpr std::size_t padding = 16;
    const auto size = text.size();
    text.append(padding, ' ');
    return std::string_view(text).substr(0, size);
}

/// An answer to a search. Views of its text.
struct SearchPage {
    std::vector<std::string_view> documents; ///< "_source" of each hit
    /// "sort" of the last hit: where the next page begins; empty: it does not say.
    std::string_view last;
};
/// Errors too: not all shards have answered (what they hold would be skipped for good), and a hit without its
/// document. What only looks like an archive without news has no "timed_out" and no "_shards".
[[nodiscard]] Result<SearchPage> read_search_page(std::string_view text);

/// The first hit of a search that asked for no documents.
struct SearchHit {
    std::string id;
    std::string_view sort; ///< a view of the text; empty: it does not say
};
/// nullopt: nothing was found.
[[nodiscard]] Result<std::optional<SearchHit>> read_search_hit(std::string_view text);

/// A line of a pScheduler's schedule: a run that has ended.
struct ScheduledRun {
    std::string path;      ///< of the run: "/pscheduler/tasks/T/runs/R"; hundreds of thousands may be held
    std::string test_type; ///< its task's
    Timestamp start = 0;
    Timestamp end = 0;
    /// It ends where it starts: an interval of a test that goes on in the background.
    bool is_instant = false;

    /// "/pscheduler/tasks/T"
    [[nodiscard]] std::string task() const { return path.substr(0, path.find("/runs/")); }
};
struct Schedule {
    std::vector<ScheduledRun> runs; ///< those that may have a result
    std::optional<Timestamp> date;  ///< the server's clock
    std::uint64_t usable = 0;       ///< lines that are of a schedule, whatever became of their runs
    std::uint64_t odd = 0;          ///< lines that do not say which run they are, in which state, or of when
};
/// Of a JSON array.
[[nodiscard]] Result<Schedule> read_schedule(std::string_view text);

/// What of a task is needed to read its runs.
struct RunTask {
    /// Of the documents that pScheduler archives of its runs: `"test":…,"tool":{"name":…},"participants":…`.
    std::string members;
    std::string duration; ///< as planned, JSON; "null": not told
    bool is_multi_result = false;
};
struct ListedTask {
    std::string path; ///< "/pscheduler/tasks/T"
    RunTask task;
};
struct TaskList {
    std::vector<ListedTask> tasks;
    std::uint64_t odd = 0; ///< elements that are no task, or one of more than 64 KiB
};
/// Of a JSON array.
[[nodiscard]] Result<TaskList> read_tasks(std::string_view text);
[[nodiscard]] Result<RunTask> read_task(std::string_view text);

/// A run as the scheduler shows it. Views of its text, JSON all of them.
struct ShownRun {
    std::string_view start;
    std::string_view participants; ///< empty: not told
    std::string_view href;         ///< empty: not told
    std::string_view result;       ///< merged; "null": it is not merged yet, or never will be
    bool is_led_here = true;       ///< others merge no results
};
/// An object that does not tell the state of a run and has no place for its result is none.
[[nodiscard]] Result<ShownRun> read_run(std::string_view text);

/// The same as pScheduler hands it to its archivers, as far as task and run tell.
[[nodiscard]] std::string archived_document(const RunTask& task, const ShownRun& run);

} // namespace meshprobe
