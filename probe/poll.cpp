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
    auto& tally = summary.tally;
    tally.series_failed = tally.skipped_entries = 0;
    tally.first_failure.clear();
    tally.first_skipped.clear();
    tally.owed = 0;
}

/// Whether another source of the host may do better.
bool may_go_on(const RunSummary& summary) {
    return summary.error && summary.is_host_error && !summary.interrupted && !summary.out_of_time &&
           summary.asked_not_before_usec == 0 && summary.error->kind != ErrorKind::untrusted;
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
    std::optional<Error> first_error;
    for (const auto& source : order_sources(settings.task.collect, checkpoint.progress())) {
        if (first_error) begin_anew(summary);
        PollBook book(settings, checkpoint, limits, summary);
        if (settings.task.collect.size() > 1) {
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
        if (!may_go_on(summary)) return;
        if (settings.task.collect.size() > 1) {
            journal.log(Priority::info, fmt::format("{}: source {} fails: {}", settings.instance.host, source,
                                                    summary.error->message));
        }
        // The first one says most: it is what should work.
        if (!first_error) first_error = summary.error;
    }
    if (first_error) summary.error = first_error;
}

} // namespace meshprobe
