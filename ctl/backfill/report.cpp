#include "ctl/backfill/report.hpp"

#include "ctl/output.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace meshprobe {

namespace {

using nlohmann::ordered_json;

std::vector<BackfillStanding> stand(const BackfillStore& store, const std::vector<BackfillJob>& jobs) {
    std::vector<BackfillStanding> standings;
    for (const auto& job : jobs) {
        auto standing = standing_of_job(store, job);
        if (standing) standings.push_back(std::move(*standing)); // else the next look tells
    }
    return standings;
}

std::size_t width_of_terminal() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

double seconds_in(const BackfillJob& job) {
    double seconds = 0;
    for (const auto& range : job.ranges)
        seconds += static_cast<double>(range.until - range.since);
    return seconds;
}

double share_of(const BackfillStanding& standing) {
    return standing.state.is_finished() ? 1 : share_done(standing.job, standing.state.reached);
}

/// null: of all; "* EVENT-TYPE": of all of that type.
ordered_json series_of(const BackfillRange& range) {
    if (range.series.empty()) return nullptr;
    return range.series.front() == ' ' ? "*" + range.series : range.series;
}

ordered_json to_json(const std::vector<BackfillRange>& ranges) {
    auto list = ordered_json::array();
    for (const auto& range : ranges) {
        list.push_back({{"series", series_of(range)},
                        {"since", format_utc(range.since)},
                        {"until", format_utc(range.until)}});
    }
    return list;
}

std::string what(const BackfillJob& job) {
    return fmt::format("{}{}", job.gaps ? "gaps" : "range", job.again ? ", again" : "");
}

std::string types(const BackfillJob& job) {
    return job.event_types.empty() ? "all" : fmt::format("{}", fmt::join(job.event_types, ","));
}

} // namespace

ordered_json to_json(const std::vector<BackfillStanding>& standings) {
    auto list = ordered_json::array();
    for (const auto& [job, state, has_run, is_running] : standings) {
        list.push_back({{"id", job.id},
                        {"host", job.instance.host},
                        {"task", job.instance.task},
                        {"since", format_utc(job.since())},
                        {"until", format_utc(job.until())},
                        {"gaps", job.gaps},
                        {"again", job.again},
                        {"ranges", to_json(job.ranges)},
                        {"brought-by-others", to_json(job.brought)},
                        {"event-types", job.event_types},
                        {"archives", job.archives},
                        {"state", BackfillStanding{job, state, has_run, is_running}.word()},
                        {"message", state.message},
                        {"share", share_of({job, state, has_run, is_running})},
                        {"points", state.points},
                        {"messages", state.messages},
                        {"requests", state.requests},
                        {"bytes", state.bytes},
                        {"failed", to_json(state.failed)}});
    }
    return list;
}

void print_table(const std::vector<BackfillStanding>& standings, bool legend) {
    Table table({"HOST", "TASK", "WHAT", "SINCE", "UNTIL", "EVENT-TYPES", "ARCHIVES", "STATE", "DONE",
                 "POINTS", "REQUESTS", "NOTE"});
    for (const auto& standing : standings) {
        const auto& [job, state, has_run, is_running] = standing;
        table.add({job.instance.host, job.instance.task, what(job), local_time(job.since() * 1'000'000),
                   local_time(job.until() * 1'000'000), types(job),
                   fmt::format("{}", fmt::join(job.archives, ",")), standing.word(),
                   fmt::format("{} %", static_cast<int>(share_of(standing) * 100)),
                   std::to_string(state.points), std::to_string(state.requests), printable(state.message)});
    }
    if (!table.empty()) table.print(legend);
    if (legend) fmt::print("{}{}.\n", table.empty() ? "" : "\n", counted(standings.size(), "back-fill"));
}

double share_of_all(const std::vector<BackfillStanding>& standings) {
    double all = 0;
    double done = 0;
    for (const auto& standing : standings) {
        const double seconds = seconds_in(standing.job);
        all += seconds;
        done += seconds * share_of(standing);
    }
    return all > 0 ? done / all : 1;
}

std::string bar(const std::vector<BackfillStanding>& standings, std::chrono::steady_clock::duration elapsed,
                double share_before, std::size_t width) {
    const double share = share_of_all(standings);
    std::uint64_t points = 0;
    for (const auto& standing : standings)
        points += standing.state.points;
    const auto ended =
        std::ranges::count_if(standings, [](const auto& each) { return each.state.is_finished(); });
    auto text = fmt::format(" {:3} %  {} of {}, {}", static_cast<int>(share * 100), ended,
                            counted(standings.size(), "job"), counted(points, "point"));
    // By what this run has done, not by what it found done.
    const double done = share - share_before;
    if (done > 0.01 && share < 1) {
        const double left = std::chrono::duration<double>(elapsed).count() * (1 - share) / done;
        text += fmt::format(", {} left", format_duration(std::chrono::seconds(std::lround(left))));
    }
    const std::size_t room = width > text.size() + 3 ? width - text.size() - 3 : 0;
    const std::size_t length = std::min<std::size_t>(room, 40);
    if (length < 5) return shortened(text, width > 1 ? width - 1 : 1);
    const auto full = static_cast<std::size_t>(share * static_cast<double>(length));
    return "[" + std::string(full, '#') + std::string(length - full, '-') + "]" + text;
}

ProgressBar::ProgressBar(const BackfillStore& store, const std::vector<BackfillJob>& jobs)
    : store_(store), jobs_(jobs), is_shown_(::isatty(STDERR_FILENO) == 1) {
    if (is_shown_) share_before_ = share_of_all(stand(store_, jobs_));
}

ProgressBar::~ProgressBar() {
    if (is_shown_) fmt::print(stderr, "\n");
}

void ProgressBar::draw() {
    if (!is_shown_) return;
    fmt::print(stderr, "\r\033[K{}",
               bar(stand(store_, jobs_), std::chrono::steady_clock::now() - begun_, share_before_,
                   width_of_terminal()));
    std::fflush(stderr);
}

} // namespace meshprobe
