#include "probe/report.hpp"

#include "probe/backoff.hpp"
#include "probe/time_news.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::int64_t hour_usec = 3'600'000'000;

std::string text_of_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    if (bytes < 1'000'000) return fmt::format("{} kB", (bytes + 500) / 1000);
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string why(const RunSummary& summary) {
    if (!summary.deferred.empty()) return summary.deferred;
    if (summary.error) return summary.error->message;
    const auto& tally = summary.tally;
    if (tally.series_failed > 0 && tally.counts_results) {
        return fmt::format("{} could not be fetched, first {}", counted(tally.series_failed, "result"),
                           tally.first_failure);
    }
    if (tally.series_failed > 0) {
        return fmt::format("{} of {} series failed, first {}", tally.series_failed, tally.series_read,
                           tally.first_failure);
    }
    if (tally.skipped_entries > 0) {
        return fmt::format("{} left out, first {}", text_of_skipped(tally), tally.first_skipped);
    }
    if (summary.interrupted) return "stopped before everything was read; the next run goes on";
    if (summary.out_of_time) return "its time was over before everything was read; the next run goes on";
    return {};
}

bool is_only_interrupted(const RunSummary& summary) {
    return summary.interrupted && !summary.error && summary.deferred.empty() &&
           summary.tally.series_failed == 0 && summary.tally.skipped_entries == 0;
}

std::string_view what_to_do(const std::string& outcome) {
    if (outcome == "unreachable") {
        return "it is tried again, after some time less often; nothing is lost as long as it keeps its "
               "results";
    }
    if (outcome == "untrusted") {
        return "nothing is collected until its certificate verifies (tls.trust: ca) or tls.pins names its "
               "key";
    }
    if (outcome == "partial") return "the others were collected; what can still be had is tried again";
    if (outcome == "failed")
        return "this is a fault of the collector itself and needs somebody to look at it";
    return {};
}

/// The journal stores equal values once: thousands of durations a day share some hundred of these.
std::int64_t to_milliseconds(std::int64_t usec) {
    return usec / 1000 * 1000;
}

Fields numbers(const LastResult& result) {
    return {{"MESHPROBE_POINTS", result.points},
            {"MESHPROBE_MESSAGES", result.messages},
            {"MESHPROBE_REQUESTS", result.requests},
            {"MESHPROBE_BYTES", result.bytes},
            {"MESHPROBE_DURATION_USEC", to_milliseconds(result.duration_usec)},
            {"MESHPROBE_LAG_USEC", result.lag_usec},
            {"MESHPROBE_DUPLICATES", result.duplicates},
            {"MESHPROBE_DROPPED", result.dropped},
            {"MESHPROBE_FLAGGED", result.flagged}};
}

/// With those that say something of this run only: most runs have nothing to say there.
Fields numbers_and_times(const LastResult& result) {
    Fields fields = numbers(result);
    std::ranges::move(time_fields(result), std::back_inserter(fields));
    return fields;
}

std::string text_of(const std::vector<LimitCount>& counts) {
    std::string all;
    for (const auto& count : counts) {
        const auto text = text_of(count);
        if (!text.empty()) all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", count.limit, text);
    }
    return all;
}

std::string_view plural(std::uint64_t count) {
    return count == 1 ? "" : "s";
}

News run_news(const Instance& instance, const LastResult& result, std::uint64_t points,
              std::uint64_t messages) {
    auto text = fmt::format("{}: {} new point{} in {} message{}, {} request{}, {}, {:.2f} s, lag {}",
                            instance.host, points, plural(points), messages, plural(messages),
                            result.requests, plural(result.requests), text_of_bytes(result.bytes),
                            static_cast<double>(result.duration_usec) / 1e6, text_of_time(result.lag_usec));
    if (const auto times = text_of_times(result); !times.empty()) text += fmt::format(", {}", times);
    if (!result.limits.empty()) text += fmt::format(", limits ({})", result.limits);
    if (result.catching_up_usec > 0) {
        text += fmt::format(", {} still to catch up",
                            text_of_time(static_cast<std::int64_t>(result.catching_up_usec)));
    }
    return {Priority::notice, message::run_news, std::move(text), numbers_and_times(result)};
}

std::optional<News> state_news(const Instance& instance, const std::optional<LastResult>& last,
                               const LastResult& next, bool is_key_told) {
    const auto& is = next.outcome;
    const std::string was = last ? last->outcome : "success";
    const bool fresh_fault = is == "failed" && last && last->message != next.message;
    if (is == was && !fresh_fault) return std::nullopt;
    if (is == "untrusted" && is_key_told) return std::nullopt;
    Fields fields = numbers_and_times(next);
    fields.emplace_back("MESHPROBE_OUTCOME", is);
    fields.emplace_back("MESHPROBE_OUTCOME_BEFORE", was);
    if (is == "failed") {
        return News{
            Priority::error, message::run_failed,
            fmt::format("{}: nothing is collected: {}; {}", instance.host, next.message, what_to_do(is)),
            std::move(fields)};
    }
    if (is == "success") {
        return News{Priority::notice, message::host_state_changed,
                    fmt::format("{}: collected completely again (was {}{}{})", instance.host, was,
                                last->message.empty() ? "" : ": ", last->message),
                    std::move(fields)};
    }
    const auto advice = what_to_do(is);
    return News{
        is == "deferred" ? Priority::notice : Priority::warning, message::host_state_changed,
        fmt::format("{}: {}: {}{}{}", instance.host, is, next.message, advice.empty() ? "" : "; ", advice),
        std::move(fields)};
}

News gap_news(const Instance& instance, const Gap& gap) {
    const auto time = [](Timestamp ts) { return format_utc(ts); };
    return {Priority::warning,
            message::gap_recorded,
            fmt::format("{}: {} from {} to {} is not collected ({}); it stays listed as a gap", instance.host,
                        gap.series.empty() ? "everything" : gap.series, time(gap.since), time(gap.until),
                        gap.reason),
            {{"MESHPROBE_GAP_SINCE", gap.since}, {"MESHPROBE_GAP_UNTIL", gap.until}}};
}

} // namespace

std::string text_of_skipped(const Tally& tally) {
    if (tally.counts_results)
        return fmt::format("{} {}", counted(tally.skipped_entries, "result"),
                           tally.skipped_entries == 1 ? "was" : "were");
    return fmt::format("{} metadata {}", tally.skipped_entries,
                       tally.skipped_entries == 1 ? "entry was" : "entries were");
}

std::string text_of_time(std::int64_t usec) {
    using namespace std::chrono;
    const auto whole = floor<std::chrono::seconds>(microseconds(usec));
    return format_duration(duration_cast<Microseconds>(whole));
}

std::string text_of(const LimitCount& count) {
    std::string text;
    const auto add = [&text](std::uint64_t number, std::string_view what) {
        if (number > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, what);
    };
    add(count.dropped, "dropped");
    add(count.flagged, "flagged");
    add(count.left_out, "series left out");
    add(count.failed, "series failed");
    return text;
}

void note_clock(RunSummary& summary, Timestamp date, std::chrono::steady_clock::time_point asked) {
    const auto took = std::chrono::steady_clock::now() - asked;
    summary.skew_at = now_moment();
    summary.skew_usec = date * 1'000'000 - summary.skew_at.wall_usec;
    summary.skew_doubt_usec =
        std::chrono::duration_cast<Microseconds>(took).count() + 1'000'000; // whole seconds
}

std::string outcome_of(const RunSummary& summary) {
    if (!summary.deferred.empty()) return "deferred";
    // What a limit failed was read, and so were the good elements among bad ones: the host is there.
    const bool is_silent = summary.error && summary.error->kind == ErrorKind::unreachable;
    const bool has_some =
        summary.tally.series_read > summary.tally.series_failed || summary.tally.newest > 0 ||
        (summary.has_answered && !is_silent) ||
        std::ranges::any_of(summary.tally.limits, [](const LimitCount& count) { return count.failed > 0; });
    if (summary.error) {
        if (!summary.is_host_error) return "failed";
        if (summary.error->kind == ErrorKind::untrusted) return "untrusted";
        return has_some ? "partial" : "unreachable";
    }
    if (summary.tally.series_failed > 0) return has_some ? "partial" : "unreachable";
    if (summary.tally.skipped_entries > 0) return "partial";
    return summary.interrupted || summary.out_of_time ? "partial" : "success";
}

ExitCode exit_code_of(const RunSummary& summary) {
    const auto outcome = outcome_of(summary);
    // What is still to be caught up with is no trouble of the host, but who calls until all is there goes on.
    if (outcome == "success") return summary.tally.owed > 0 ? ExitCode::partial : ExitCode::success;
    if (outcome == "partial") return ExitCode::partial;
    if (outcome == "unreachable") return ExitCode::unreachable;
    if (outcome == "untrusted") return ExitCode::untrusted;
    if (outcome == "deferred") return ExitCode::deferred;
    return exit_code(summary.error->kind);
}

LastResult next_result(const std::optional<LastResult>& last, const RunSummary& summary,
                       Microseconds interval) {
    LastResult next = last.value_or(LastResult{});
    next.outcome = outcome_of(summary);
    next.message = why(summary);
    if (is_only_interrupted(summary) && last) {
        // A stop says nothing about the host: no change of state, neither now nor after the next run.
        next.outcome = last->outcome;
        next.message = last->message;
    }
    next.started_usec = summary.started_usec;
    next.finished_usec = summary.finished.wall_usec;
    next.duration_usec = summary.duration_usec;
    if (!last || last->outcome != next.outcome) next.since_usec = summary.finished.wall_usec;
    const bool is_good = next.outcome == "success" || next.outcome == "partial";
    if (is_good) next.last_success_usec = summary.finished.wall_usec;
    if (summary.points > 0) next.last_news_usec = summary.finished.wall_usec;
    const bool is_bad = next.outcome == "unreachable" || next.outcome == "untrusted";
    if (is_bad) ++next.bad_runs;
    if (is_good) next.bad_runs = 0;
    next.not_before_usec =
        not_before(summary.started_usec, is_bad ? next.bad_runs : 0, interval, summary.asked_not_before_usec);
    next.points = summary.points;
    next.messages = summary.messages;
    next.requests = summary.requests;
    next.bytes = summary.bytes;
    if (is_good) next.lag_usec = summary.lag_usec;
    next.dropped = summary.tally.future + summary.tally.before_epoch;
    next.flagged = 0;
    for (const auto& count : summary.tally.limits) {
        next.dropped += count.dropped;
        next.flagged += count.flagged;
    }
    next.limits = text_of(summary.tally.limits);
    next.duplicates = summary.tally.duplicates;
    if (is_good) {
        next.gaps = summary.gaps;
        next.catching_up_usec = static_cast<std::uint64_t>(summary.tally.owed) * 1'000'000;
    }
    settle_times(last, summary, next);
    return next;
}

std::vector<News> news_of(const Instance& instance, LogMode mode, const std::optional<LastResult>& last,
                          LastResult& next, const RunSummary& summary) {
    std::vector<News> news;
    for (const auto& gap : summary.tally.gaps)
        news.push_back(gap_news(instance, gap));
    next.unlogged_points += next.points;
    next.unlogged_messages += next.messages;
    const bool is_time =
        mode == LogMode::each ||
        (mode == LogMode::hourly && (next.finished_usec - next.logged_usec >= hour_usec ||
                                     next.logged_usec > next.finished_usec)); // the clock was set back
    // A run whose results were all dropped by limits is one that somebody may wonder about.
    const bool has_dropped = next.dropped > next.future + next.before_epoch;
    if ((next.unlogged_points > 0 || has_dropped) && is_time) {
        news.push_back(run_news(instance, next, next.unlogged_points, next.unlogged_messages));
        next.logged_usec = next.finished_usec;
    }
    if (is_time || mode == LogMode::changes) next.unlogged_points = next.unlogged_messages = 0;
    if (auto state = state_news(instance, last, next, summary.is_key_told)) news.push_back(std::move(*state));
    std::ranges::move(time_news(instance, last, next), std::back_inserter(news));
    return news;
}

} // namespace meshprobe
