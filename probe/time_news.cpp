#include "probe/time_news.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

namespace meshprobe {

namespace {

constexpr std::int64_t tolerated_skew_usec = 300'000'000;
/// Beyond what the two measurements may be wrong by: a server tells whole seconds, and some keep them
/// waiting.
constexpr std::int64_t least_host_step_usec = 60'000'000;
constexpr std::int64_t quiet_usec = 86'400'000'000;

std::int64_t own_step(const LastResult& last, const Moment& now) {
    return clock_step({last.finished_usec, last.boot_id, last.boot_usec}, now).value_or(0);
}

std::string text_of_wrong_times(const LastResult& result) {
    std::string text;
    if (result.future > 0) text += fmt::format("{} from the future", result.future);
    if (result.before_epoch > 0)
        text += fmt::format("{}{} from before 1970", text.empty() ? "" : ", ", result.before_epoch);
    return text;
}

std::string text_of_conflicts(const LastResult& result) {
    if (result.conflicts == 0) return {};
    return fmt::format("{} with a second value for their time", result.conflicts);
}

/// What may explain that two clocks differ.
std::string steps_of(const LastResult& result) {
    std::string text;
    if (result.clock_step_usec != 0) text += fmt::format(", ours was set {}", way_of(result.clock_step_usec));
    if (result.host_clock_step_usec != 0)
        text += fmt::format(", its own was set {}", way_of(result.host_clock_step_usec));
    return text.empty() ? text : fmt::format(" (since the last run{})", text);
}

std::optional<News> skew_news(const Instance& instance, const std::optional<LastResult>& last,
                              const LastResult& next) {
    if (next.clock_skewed == (last && last->clock_skewed)) return std::nullopt;
    Fields fields = time_fields(next);
    fields.emplace_back("MESHPROBE_SKEW_USEC", next.clock_skew_usec);
    if (!next.clock_skewed) {
        return News{Priority::notice, message::clock_skew_changed,
                    fmt::format("{}: its clock and ours agree again{}", instance.host, steps_of(next)),
                    std::move(fields)};
    }
    return News{
        Priority::warning, message::clock_skew_changed,
        fmt::format("{}: its clock is {} {} ours{}; results are judged by its clock, but check which of the "
                    "two is wrong (chronyc tracking)",
                    instance.host, text_of_time(std::abs(next.clock_skew_usec)),
                    next.clock_skew_usec > 0 ? "ahead of" : "behind", steps_of(next)),
        std::move(fields)};
}

std::optional<News> step_news(const Instance& instance, const LastResult& next) {
    if (next.host_clock_step_usec == 0) return std::nullopt;
    return News{Priority::warning, message::clock_stepped,
                fmt::format("{}: its clock was set {} since the last run; results of the time in between may "
                            "carry wrong times, or the same time twice",
                            instance.host, way_of(next.host_clock_step_usec)),
                time_fields(next)};
}

/// The kinds that are there now and were not lately.
std::optional<News> points_news(const Instance& instance, const std::optional<LastResult>& last,
                                const LastResult& next) {
    LastResult fresh;
    const auto begins = [&](std::uint64_t LastResult::*count, std::int64_t LastResult::*seen) {
        const std::int64_t before = last ? (*last).*seen : 0;
        const bool is_quiet = before == 0 || std::abs(next.finished_usec - before) >= quiet_usec;
        if (next.*count > 0 && is_quiet) fresh.*count = next.*count;
    };
    begins(&LastResult::future, &LastResult::future_seen_usec);
    begins(&LastResult::before_epoch, &LastResult::before_epoch_seen_usec);
    begins(&LastResult::conflicts, &LastResult::conflicts_seen_usec);
    if (fresh.future + fresh.before_epoch + fresh.conflicts == 0) return std::nullopt;
    std::string text;
    const auto add = [&text](const std::string& part, std::string_view what) {
        if (!part.empty()) text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", part, what);
    };
    add(text_of_wrong_times(fresh), "not delivered");
    add(text_of_conflicts(fresh), "the first one is delivered");
    return News{
        Priority::warning, message::times_implausible,
        fmt::format("{}: among its results are {}; told once, counted with each run", instance.host, text),
        time_fields(next)};
}

} // namespace

std::int64_t expected_skew(const LastResult& last, const Moment& now) {
    return last.clock_skew_usec - own_step(last, now);
}

void settle_times(const std::optional<LastResult>& last, const RunSummary& summary, LastResult& next) {
    next.conflicts = summary.tally.conflicts;
    next.future = summary.tally.future;
    next.before_epoch = summary.tally.before_epoch;
    if (next.conflicts > 0) next.conflicts_seen_usec = next.finished_usec;
    if (next.future > 0) next.future_seen_usec = next.finished_usec;
    if (next.before_epoch > 0) next.before_epoch_seen_usec = next.finished_usec;

    next.boot_id = summary.finished.boot_id;
    next.boot_usec = summary.finished.boot_usec;
    next.clock_step_usec = last ? own_step(*last, summary.finished) : 0;
    next.host_clock_step_usec = 0;
    if (!summary.skew_usec) {
        next.clock_skew_usec = last ? expected_skew(*last, summary.finished) : 0;
        return;
    }
    next.clock_skew_usec = *summary.skew_usec - clock_step(summary.skew_at, summary.finished).value_or(0);
    next.clock_skewed = std::abs(next.clock_skew_usec) > tolerated_skew_usec;
    next.clock_doubt_usec = summary.skew_doubt_usec;
    if (!last || last->clock_doubt_usec < 0) return; // nothing to compare with
    const std::int64_t step = *summary.skew_usec - expected_skew(*last, summary.skew_at);
    const std::int64_t doubt = last->clock_doubt_usec + summary.skew_doubt_usec;
    if (std::abs(step) > least_host_step_usec + doubt) next.host_clock_step_usec = step;
}

Fields time_fields(const LastResult& result) {
    Fields fields;
    const auto add = [&fields](const char* name, auto number) {
        if (number != 0) fields.emplace_back(name, number);
    };
    add("MESHPROBE_FUTURE", result.future);
    add("MESHPROBE_BEFORE_EPOCH", result.before_epoch);
    add("MESHPROBE_CONFLICTS", result.conflicts);
    add("MESHPROBE_CLOCK_STEP_USEC", result.clock_step_usec);
    add("MESHPROBE_HOST_CLOCK_STEP_USEC", result.host_clock_step_usec);
    return fields;
}

std::string text_of_times(const LastResult& result) {
    const auto wrong = text_of_wrong_times(result);
    const auto conflicts = text_of_conflicts(result);
    return wrong + (wrong.empty() || conflicts.empty() ? "" : ", ") + conflicts;
}

std::string way_of(std::int64_t step_usec) {
    const std::int64_t size = std::abs(step_usec) + 500'000; // to the nearest second
    return fmt::format("{} by {}", step_usec > 0 ? "forward" : "back", text_of_time(size));
}

std::vector<News> time_news(const Instance& instance, const std::optional<LastResult>& last,
                            const LastResult& next) {
    std::vector<News> news;
    if (auto skew = skew_news(instance, last, next)) {
        news.push_back(std::move(*skew)); // with the step that may have led to it
    } else if (auto step = step_news(instance, next)) {
        news.push_back(std::move(*step));
    }
    if (auto points = points_news(instance, last, next)) news.push_back(std::move(*points));
    return news;
}

} // namespace meshprobe
