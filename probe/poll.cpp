#include "probe/poll.hpp"

#include "probe/backfill/neighbours.hpp"
#include "probe/poll_book.hpp"
#include "probe/run_poll.hpp"
#include "probe/series_poll.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

std::vector<std::string> archives_of(const PollSettings& settings) {
    std::vector<std::string> names;
    for (const auto& destination : settings.destinations)
        names.push_back(destination.archive);
    return names;
}

/// What the source before this one could not give, this one may.
void begin_anew(RunSummary& summary) {
    summary.error.reset();
    summary.is_host_error = false;
    summary.is_source_failing = false;
    summary.asked_not_before_usec = 0;
    auto& tally = summary.tally;
    tally.series_read -= std::min(tally.series_read, tally.series_failed);
    tally.series_failed = tally.skipped_entries = 0;
    tally.first_failure.clear();
    tally.first_skipped.clear();
    tally.owed = 0;
}

/// Why another source of the host is to be asked; nullopt: none is needed, or none would do better.
std::optional<Error> failure_of_source(const RunSummary& summary) {
    if (summary.interrupted || summary.out_of_time) return std::nullopt;
    if (summary.error && summary.is_host_error && summary.error->kind != ErrorKind::untrusted)
        return summary.error;
    if (summary.error || !summary.is_source_failing) return std::nullopt;
    return Error{ErrorKind::unreachable, summary.tally.first_failure};
}

} // namespace

std::vector<std::string> order_sources(std::vector<std::string> sources, const Progress& progress) {
    const std::string_view flavour = progress.flavour;
    const auto last = std::ranges::find(sources, flavour == "elmond" ? "esmond" : flavour);
    if (last != sources.end()) std::rotate(sources.begin(), last, last + 1);
    return sources;
}

void poll_host(const PollSettings& settings, Checkpoint& checkpoint, LimitSet& limits, HostKeys& keys,
               Stop& stop, const Journal& journal, RunSummary& summary) {
    const auto sources = order_sources(settings.task.collect, checkpoint.progress());
    std::optional<Error> first_error; // it says most: it is what should work
    std::int64_t not_before_usec = 0;
    for (const auto& source : sources) {
        if (first_error) begin_anew(summary);
        PollBook book(settings, checkpoint, limits, summary);
        if (sources.size() > 1) {
            if (auto read = book.history.look_at_others(settings.paths, settings.state_of); !read) {
                summary.error = read.error();
                return;
            }
        }
        if (auto added =
                add_backfilled(settings.paths, settings.instance, archives_of(settings), "", book.history);
            !added) {
            summary.error = added.error();
            return;
        }
        if (source == "esmond") {
            poll_series(book, keys, stop, journal);
        } else {
            poll_runs(book, to_flavour(source), keys, stop, journal);
        }
        if (sources.size() == 1) return;
        const auto failure = failure_of_source(summary);
        if (!failure) return;
        journal.log(Priority::info,
                    fmt::format("{}: source {} fails: {}", settings.instance.host, source, failure->message));
        if (!first_error) first_error = failure;
        not_before_usec = std::max(not_before_usec, summary.asked_not_before_usec);
    }
    summary.error = first_error;
    summary.is_host_error = true;
    summary.asked_not_before_usec = not_before_usec;
}

} // namespace meshprobe
