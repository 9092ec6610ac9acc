#include "probe/backfill/backfill.hpp"

#include "lib/backfill/slices.hpp"
#include "lib/checkpoint/ledger_note.hpp"
#include "lib/clock.hpp"
#include "lib/config/load.hpp"
#include "lib/last_result.hpp"
#include "lib/spool/quota.hpp"
#include "probe/assignment.hpp"
#include "probe/backfill/ledger_changes.hpp"
#include "probe/backfill/run_slices.hpp"
#include "probe/backfill/series_slices.hpp"
#include "probe/time_news.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

namespace meshprobe {

namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned most_attempts = 5;        ///< at a slice, the host failing as a whole
constexpr unsigned most_series_attempts = 3; ///< … some of its series
constexpr Microseconds first_delay = std::chrono::seconds(2);
constexpr Microseconds most_patience = std::chrono::hours(1); ///< on behalf of the server
constexpr std::size_t most_failed = 5000;

bool is_local(ErrorKind kind) {
    return kind == ErrorKind::storage || kind == ErrorKind::configuration || kind == ErrorKind::credentials ||
           kind == ErrorKind::internal;
}

class Backfill {
  public:
    Backfill(const Paths& paths, const BackfillJob& job, Stop& stop, const Journal& journal)
        : paths_(paths), job_(job), store_(paths), stop_(stop), journal_(journal) {}

    [[nodiscard]] ExitCode run();

  private:
    [[nodiscard]] Status begin();
    [[nodiscard]] Status collect(Assignment& assignment);
    [[nodiscard]] Status go_on(SliceContext& context, const std::vector<Archive>& archives);
    [[nodiscard]] Result<SliceResult> read(SliceContext& context, const BackfillSlice& slice);
    [[nodiscard]] Status look_around(SliceContext& context);
    [[nodiscard]] bool is_worth_another_try(const SliceResult& result) const;
    [[nodiscard]] Status conclude(SliceContext& context, const BackfillSlice& slice,
                                  const SliceResult& result);
    [[nodiscard]] Status retry(const Error& error, std::optional<Microseconds> wait_asked);
    [[nodiscard]] Status wait_for_room(const std::vector<Archive>& archives);
    [[nodiscard]] Status wait(Microseconds time, const std::string& why);
    [[nodiscard]] Status save();
    void show_progress();
    void count(const PollBook& book);
    [[nodiscard]] ExitCode finish(const Status& status);
    [[nodiscard]] std::string text() const;

    const Paths& paths_;
    const BackfillJob& job_;
    BackfillStore store_;
    Stop& stop_;
    const Journal& journal_;

    BackfillState state_;
    BackfillState before_; ///< as an earlier start left it
    SliceLength length_;
    std::unique_ptr<SliceSource> source_;
    std::uint64_t old_requests_ = 0; ///< of sources that were given up
    std::uint64_t old_bytes_ = 0;
    unsigned attempts_ = 0;
    std::set<std::string> left_to_;  ///< other names of the archive
    std::set<std::string> hopeless_; ///< series that failed in the slice before
    int told_tenth_ = 0;
};

Status Backfill::begin() {
    const auto known = store_.read_state(job_.id);
    if (!known) return fail(known.error());
    if (*known) before_ = **known;
    state_ = before_;
    state_.outcome = BackfillState::Outcome::running;
    state_.message.clear();
    if (state_.started_usec == 0) state_.started_usec = now_usec();
    return {};
}

ExitCode Backfill::run() {
    const auto running = store_.begin_to_run(job_.id);
    if (!running) return finish(fail(running.error()));
    if (!*running) {
        journal_.log(Priority::notice, fmt::format("{}: this back-fill runs already", job_.instance.host));
        return ExitCode::deferred;
    }
    if (auto begun = begin(); !begun) return finish(begun);
    if (state_.is_finished()) return ExitCode::success;
    const auto loaded = load_config(paths_);
    if (!loaded) return finish(fail(loaded.error()));
    auto assignment =
        assign(paths_, *loaded, job_.instance, {.archives = job_.archives, .without_age = true});
    if (!assignment) return finish(fail(assignment.error()));
    if (!assignment->nothing_to_do.empty())
        return finish(fail(ErrorKind::configuration, assignment->nothing_to_do));
    return finish(collect(*assignment));
}

Status Backfill::collect(Assignment& assignment) {
    for (const auto& archive : assignment.archives) {
        if (paths_.has_owners()) continue; // made by converge, for the right group
        if (auto made = Spool(paths_, archive.name).create(); !made) return made;
    }
    const auto rules = WindowRules::of(assignment.task);
    const auto last = read_last_result(paths_, job_.instance);
    const std::int64_t skew_usec = last && *last ? expected_skew(**last, now_moment()) : 0;
    // Within a slice nothing may come twice; and of what regular runs may look at again, they must be told.
    const bool is_near = job_.until() > (now_usec() + skew_usec) / 1'000'000 - rules.keep();
    const Timestamp keep = std::max(SliceLength::longest + 3600, is_near ? rules.keep() : 0);
    auto checkpoint = Checkpoint::open(paths_, store_.checkpoint(job_.id), keep);
    if (!checkpoint) return fail(checkpoint.error());
    auto keys = HostKeys::read(paths_, job_.instance.host);
    if (!keys) return fail(keys.error());
    const PollSettings settings{.paths = paths_,
                                .instance = job_.instance,
                                .state_of = assignment.state_of,
                                .task = assignment.task,
                                .measurement_archives = std::move(assignment.measurement_archives),
                                .destinations = std::move(assignment.destinations),
                                .skew_usec = skew_usec};
    RunSummary summary;
    PollBook book(settings, *checkpoint, assignment.limits, summary);
    SliceContext context{
        .book = book, .keys = *keys, .job = job_, .stop = stop_, .journal = journal_, .regular = {}};
    state_.reached = book.before.polled_until;
    told_tenth_ = static_cast<int>(share_done(job_, state_.reached) * 10);
    journal_.log(Priority::notice, message::backfill,
                 fmt::format("{}: back-fill of {} to {} {}", job_.instance.host, format_utc(job_.since()),
                             format_utc(job_.until()),
                             state_.reached > 0 ? "goes on at " + format_utc(state_.reached) : "begins"));
    // A crash may have come between the commit of the last slice and the note of what it changed.
    if (state_.reached > 0) {
        const auto regular = read_checkpoint(paths_, settings.state_of);
        if (!regular) return fail(regular.error());
        const auto last_slice = part_of(job_.ranges, state_.reached - SliceLength::longest, state_.reached);
        SliceResult result;
        result.failed = part_of(state_.failed, last_slice.since, last_slice.until).ranges;
        const auto changes = ledger_changes(job_, last_slice, result,
                                            *regular ? (*regular)->gaps : GapLedger{}, checkpoint->gaps());
        if (auto noted = note_in_ledger(paths_, settings.state_of, changes); !noted) return noted;
    }
    auto status = go_on(context, assignment.archives);
    count(book);
    source_.reset(); // refers to the book
    return status;
}

Status Backfill::go_on(SliceContext& context, const std::vector<Archive>& archives) {
    while (const auto slice = next_slice(job_.ranges, state_.reached, length_.seconds())) {
        if (stop_.is_wanted()) return fail(ErrorKind::interrupted, "told to stop");
        if (auto room = wait_for_room(archives); !room) return room;
        if (auto looked = look_around(context); !looked) return looked;
        const auto begun = Clock::now();
        const auto points_before = context.book.batch.points();
        auto result = read(context, *slice);
        count(context.book);
        if (!result) {
            if (auto retried = retry(result.error(), source_ ? source_->wait_asked() : std::nullopt);
                !retried)
                return retried;
            continue;
        }
        if (is_worth_another_try(*result) && ++attempts_ < most_series_attempts) {
            if (result->failed.size() > result->read.size()) length_.note_failure();
            const auto why = fmt::format("{} failed, first {}", counted(result->failed.size(), "series"),
                                         result->first_failure);
            if (auto waited = wait(first_delay * (1U << attempts_), why); !waited) return waited;
            continue;
        }
        attempts_ = 0;
        length_.note(Clock::now() - begun, context.book.batch.points() - points_before);
        if (auto concluded = conclude(context, *slice, *result); !concluded) return concluded;
    }
    return {};
}

/// Series that failed throughout the slice before are asked once in each further one: they must not make all
/// others wait.
bool Backfill::is_worth_another_try(const SliceResult& result) const {
    return std::ranges::any_of(
        result.failed, [this](const BackfillRange& range) { return !hopeless_.contains(range.series); });
}

/// The source that works is stayed with; until one does, each that is configured is tried.
Result<SliceResult> Backfill::read(SliceContext& context, const BackfillSlice& slice) {
    if (source_) return source_->read(slice);
    const auto& regular = context.regular->state();
    const auto sources =
        order_sources(context.book.settings.task.collect, regular ? regular->progress : context.book.before);
    std::optional<Error> first_error;
    for (const auto& name : sources) {
        if (name == "http") continue; // a document has no other past than what each run reads
        if (name == "esmond") {
            source_ = std::make_unique<SeriesSlices>(context);
        } else {
            source_ = std::make_unique<RunSlices>(context, to_flavour(name));
        }
        auto result = source_->read(slice);
        const bool answers = result || !source_->source().url.empty() || source_->wait_asked();
        if (answers || is_local(result.error().kind) || result.error().kind == ErrorKind::interrupted ||
            result.error().kind == ErrorKind::untrusted)
            return result;
        if (!first_error) first_error = result.error(); // it says most: it is what should work
        old_requests_ += source_->requests();
        old_bytes_ += source_->bytes();
        source_.reset();
    }
    return fail(first_error.value_or(Error{
        ErrorKind::configuration,
        "the task has no source that keeps a past: a back-fill reads esmond, opensearch and pscheduler"}));
}

/// What others have done meanwhile.
Status Backfill::look_around(SliceContext& context) {
    const auto& settings = context.book.settings;
    auto regular = RegularRuns::read(paths_, settings.state_of, context.book.rules, settings.task.interval,
                                     context.book.clock());
    if (!regular) return fail(regular.error());
    auto& history = context.book.history;
    history.forget_sent();
    context.regular = std::move(*regular);
    if (job_.again) return {};
    std::vector<Gap> lost;
    for (const auto& range : job_.ranges) {
        if (range.lost)
            lost.push_back(
                {.series = range.series, .since = range.since, .until = range.until, .reason = {}});
    }
    if (context.regular->state()) history.also_sent({{context.regular->state()}}, lost);
    return add_backfilled(paths_, settings.instance, job_.archives, job_.id, history, std::move(lost));
}

Status Backfill::conclude(SliceContext& context, const BackfillSlice& slice, const SliceResult& result) {
    auto& book = context.book;
    left_to_.insert(result.left_to.begin(), result.left_to.end());
    hopeless_.clear();
    for (const auto& failed : result.failed) {
        hopeless_.insert(failed.series);
        const auto before = std::ranges::find_if(state_.failed, [&failed](const BackfillRange& range) {
            return range.series == failed.series && range.until == failed.since;
        });
        if (before == state_.failed.end()) {
            state_.failed.push_back(failed);
        } else {
            before->until = failed.until;
        }
    }
    if (state_.failed.size() > most_failed) {
        return fail(ErrorKind::unreachable, fmt::format("more than {} ranges of series could not be had, "
                                                        "last {}",
                                                        most_failed, result.first_failure));
    }
    // With failures the state is more than a show: who goes on after a crash must know them.
    if (!result.failed.empty()) {
        if (auto saved = save(); !saved) return saved;
    }
    Progress progress = book.checkpoint.progress();
    progress.since = job_.since();
    progress.polled_until = slice.until;
    progress.archive_url = source_->source().url;
    progress.flavour = std::string(to_string(source_->source().flavour));
    book.batch.set_progress(progress);
    if (auto committed = book.batch.commit(); !committed) return committed;
    if (auto compacted = book.checkpoint.compact_if_large(); !compacted) return compacted;
    state_.reached = slice.until;
    const auto changes = ledger_changes(job_, slice, result, context.regular->gaps(), book.checkpoint.gaps());
    if (auto noted = note_in_ledger(paths_, book.settings.state_of, changes); !noted) return noted;
    count(book);
    if (auto saved = save(); !saved) return saved;
    show_progress();
    return {};
}

Status Backfill::retry(const Error& error, std::optional<Microseconds> wait_asked) {
    if (error.kind == ErrorKind::interrupted || error.kind == ErrorKind::untrusted || is_local(error.kind))
        return fail(error);
    length_.note_failure();
    if (wait_asked) return wait(std::clamp(*wait_asked, first_delay, most_patience), error.message);
    if (++attempts_ >= most_attempts) return fail(error);
    return wait(first_delay * (1U << attempts_), error.message);
}

/// What regular runs bring goes first: a back-fill leaves them a fifth of each spool.
Status Backfill::wait_for_room(const std::vector<Archive>& archives) {
    constexpr Microseconds pause = std::chrono::seconds(30);
    for (const auto& archive : archives) {
        while (true) {
            const auto state = spool_state(Spool(paths_, archive.name), archive.quota);
            if (!state) return fail(state.error());
            if (state->fill == SpoolFill::ok) break;
            const auto why =
                fmt::format("the spool of archive {} holds more than 80 % of its quota ({} of {})",
                            archive.name, format_size(state->bytes), format_size(state->quota));
            if (auto waited = wait(pause, why); !waited) return waited;
        }
    }
    return {};
}

Status Backfill::wait(Microseconds time, const std::string& why) {
    constexpr auto tick = std::chrono::milliseconds(100);
    const auto end = Clock::now() + time;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(time);
    journal_.log(Priority::info, fmt::format("{}: back-fill waits for {}: {}", job_.instance.host,
                                             format_duration(seconds), why));
    state_.message =
        fmt::format("waits until {}: {}", format_utc(now_usec() / 1'000'000 + seconds.count()), why);
    if (auto saved = save(); !saved) return saved;
    while (Clock::now() < end) {
        if (stop_.is_wanted()) return fail(ErrorKind::interrupted, "told to stop");
        std::this_thread::sleep_for(std::min<Clock::duration>(tick, end - Clock::now()));
    }
    state_.message.clear();
    return {};
}

void Backfill::count(const PollBook& book) {
    state_.points = before_.points + book.batch.points();
    state_.messages = before_.messages + book.batch.messages();
    state_.requests = before_.requests + old_requests_ + (source_ ? source_->requests() : 0);
    state_.bytes = before_.bytes + old_bytes_ + (source_ ? source_->bytes() : 0);
}

Status Backfill::save() {
    return store_.write_state(job_.id, state_);
}

/// At each tenth; the bar on a terminal is drawn by meshprobectl.
void Backfill::show_progress() {
    const int tenth = static_cast<int>(share_done(job_, state_.reached) * 10);
    if (tenth <= told_tenth_ || tenth >= 10) return;
    told_tenth_ = tenth;
    journal_.log(Priority::notice, message::backfill,
                 fmt::format("{}: back-fill {} % done, up to {}; {}", job_.instance.host, tenth * 10,
                             format_utc(state_.reached), text()));
}

std::string Backfill::text() const {
    return fmt::format("{} in {}, {}", counted(state_.points, "point"), counted(state_.messages, "message"),
                       counted(state_.requests, "request"));
}

ExitCode Backfill::finish(const Status& status) {
    using Outcome = BackfillState::Outcome;
    ExitCode code = ExitCode::success;
    Priority priority = Priority::notice;
    std::string line;
    if (!status) {
        state_.outcome = Outcome::stopped;
        state_.message = status.error().message;
        const bool is_told = status.error().kind == ErrorKind::interrupted;
        code = is_told ? ExitCode::deferred : exit_code(status.error().kind);
        priority = is_told                         ? Priority::notice
                   : is_local(status.error().kind) ? Priority::error
                                                   : Priority::warning;
        line = fmt::format(
            "back-fill stopped at {}: {}; it goes on with \"meshprobectl backfill --resume\", and "
            "with the next boot",
            format_utc(std::max(state_.reached, job_.since())), state_.message);
    } else {
        state_.outcome = state_.failed.empty() ? Outcome::done : Outcome::partial;
        state_.finished_usec = now_usec();
        if (!state_.failed.empty()) {
            code = ExitCode::partial;
            state_.message = fmt::format(
                "{} could not be had, first {} from {}; the ledger of gaps has them, "
                "and \"meshprobectl backfill {} --gaps\" tries again",
                counted(state_.failed.size(), "range"),
                state_.failed.front().series.empty() ? "of all series" : state_.failed.front().series,
                format_utc(state_.failed.front().since), job_.instance.host);
        }
        if (!left_to_.empty()) {
            state_.message += fmt::format(
                "{}what is collected through another name of the archive ({}) was left to that one",
                state_.message.empty() ? "" : "; ", fmt::join(left_to_, ", "));
        }
        line = fmt::format("back-fill {}: {}{}{}", to_string(state_.outcome), text(),
                           state_.message.empty() ? "" : "; ", state_.message);
    }
    journal_.log(priority, message::backfill, fmt::format("{}: {}", job_.instance.host, line),
                 {{"MESHPROBE_POINTS", state_.points},
                  {"MESHPROBE_MESSAGES", state_.messages},
                  {"MESHPROBE_REQUESTS", state_.requests},
                  {"MESHPROBE_BYTES", state_.bytes}});
    if (auto saved = save(); !saved) {
        journal_.log(Priority::error, message::backfill, saved.error().in("state of the back-fill").message);
        if (code == ExitCode::success) return exit_code(saved.error().kind);
    }
    return code;
}

} // namespace

ExitCode run_backfill(const Paths& paths, const BackfillJob& job, Stop& stop, const Journal& journal) {
    return Backfill(paths, job, stop, journal).run();
}

} // namespace meshprobe
