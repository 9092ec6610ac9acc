#include "probe/run.hpp"

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/clock.hpp"
#include "lib/config/load.hpp"
#include "lib/file.hpp"
#include "lib/spool/spool.hpp"
#include "lib/trust.hpp"
#include "probe/assignment.hpp"
#include "probe/clock_note.hpp"
#include "probe/poll.hpp"
#include "probe/quota.hpp"
#include "probe/slot.hpp"
#include "probe/time_news.hpp"
#include "probe/windows.hpp"

#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <system_error>

namespace meshprobe {

namespace {

/// How many slots there are is configured, but the configuration is too costly to read without a slot: the
/// last probe that saw another number wrote it down.
class SlotCount {
  public:
    explicit SlotCount(const Paths& paths) : file_(paths.slots() / "count") {}

    [[nodiscard]] unsigned read() {
        const auto text = read_file_if_exists(file_, 16, Links::refuse);
        unsigned count = 0;
        if (text && *text) {
            std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), count);
        }
        known_ = count > 0 ? std::min(count, most) : Config{}.slots;
        return known_;
    }
    /// A note that cannot be written costs nothing but the old number.
    void write(unsigned configured) const {
        if (configured == known_ || configured == 0) return;
        static_cast<void>(write_file_atomically(file_, std::to_string(std::min(configured, most))));
    }

  private:
    static constexpr unsigned most = 4096;
    std::filesystem::path file_;
    unsigned known_ = 0;
};

/// A service has the rights that its unit gives it; whoever runs a probe by hand may lack them.
Error may_need_root(Error error) {
    const bool is_service = std::getenv("JOURNAL_STREAM") != nullptr; // NOLINT(concurrency-mt-unsafe)
    const bool is_forbidden = error.message.ends_with(std::generic_category().message(EACCES));
    if (is_forbidden && !is_service && ::geteuid() != 0) error.message += "; you may have to be root";
    return error;
}

class Run {
  public:
    Run(const Paths& paths, const Instance& instance, Stop& stop, const Journal& journal)
        : paths_(paths), instance_(instance), stop_(stop), journal_(journal) {
        summary_.started_usec = now_usec();
    }

    [[nodiscard]] ExitCode run();

  private:
    [[nodiscard]] ExitCode run_in_slot(SlotCount& slots);
    [[nodiscard]] Result<Assignment> load(SlotCount& slots);
    [[nodiscard]] Status collect(Assignment& assignment);
    [[nodiscard]] Status take_over(SlotCount& slots);
    [[nodiscard]] bool is_backed_off() const;
    [[nodiscard]] ExitCode defer(std::string_view why);
    [[nodiscard]] ExitCode report();
    void tell_own_step(const LastResult& result) const;
    [[nodiscard]] ExitCode report_fault(Error error);

    const Paths& paths_;
    const Instance& instance_;
    Stop& stop_;
    const Journal& journal_;
    std::optional<LastResult> last_;
    TaskSettings task_;
    RunSummary summary_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

ExitCode Run::run() {
    // Without it nothing is known of earlier runs, which is a state to live with.
    if (auto last = read_last_result(paths_, instance_)) last_ = std::move(*last);
    if (is_backed_off()) {
        return defer(fmt::format(
            "the host is backed off until {} after {}: {}",
            format_utc(std::chrono::system_clock::time_point(Microseconds(last_->not_before_usec))),
            counted(last_->bad_runs, "bad run"), last_->message));
    }
    SlotCount slots(paths_);
    const auto slot =
        Slot::take(paths_, {.count = slots.read(), .dead_host = last_ && last_->bad_runs > 0, .stop = [this] {
                                return stop_.is_signalled();
                            }});
    if (!slot) return report_fault(slot.error());
    if (!*slot) return defer("no slot was free; the next timer tries again");
    summary_.started_usec = now_usec(); // waiting is not the host's fault
    begun_ = std::chrono::steady_clock::now();
    return run_in_slot(slots);
}

bool Run::is_backed_off() const {
    constexpr Microseconds longest =
        std::chrono::hours(25); // a clock that was set back must not lock the host out
    if (!last_ || last_->not_before_usec <= summary_.started_usec) return false;
    if (last_->not_before_usec > summary_.started_usec + longest.count()) return false;
    if (last_->outcome != "untrusted") return true;
    // Somebody who has accepted the new key, or told us to forget the old one, need not wait for the next
    // run.
    const auto record = TrustStore(paths_).read(instance_.host);
    return record && *record && !(*record)->changed_pin.empty();
}

/// The whole configuration is forgotten again before anything is fetched: with thousands of hosts it is most
/// of the memory.
Result<Assignment> Run::load(SlotCount& slots) {
    const auto loaded = load_config(paths_);
    if (!loaded) return fail(loaded.error());
    slots.write(loaded->config.slots);
    return assign(paths_, *loaded, instance_);
}

ExitCode Run::run_in_slot(SlotCount& slots) {
    auto assignment = load(slots);
    malloc_trim(0); // glibc would keep the memory of the configuration for what never comes
    if (!assignment) return report_fault(assignment.error());
    if (!assignment->nothing_to_do.empty()) {
        journal_.log(assignment->is_alias ? Priority::info : Priority::notice, assignment->nothing_to_do);
        return ExitCode::success;
    }
    task_ = assignment->task;
    // A run ends itself, with what it has. The supervisor's own limit is later by more than the wait for a
    // slot, which must not use up the time of the run: on a busy machine it would fetch nothing at all.
    stop_.set_end(Stop::Clock::now() + task_.timeout);
    auto wait = check_quotas(paths_, assignment->archives, journal_);
    if (!wait) return report_fault(wait.error());
    if (*wait) {
        summary_.deferred = **wait;
        return report();
    }
    if (auto collected = collect(*assignment); !collected) return report_fault(collected.error());
    if (summary_.is_alias) {
        if (auto collected = take_over(slots); !collected) return report_fault(collected.error());
    }
    return report();
}

/// Of a name that nobody collects any longer, as after a renaming: goes on at once with what that one knew.
Status Run::take_over(SlotCount& slots) {
    auto assignment = load(slots);
    if (!assignment) return fail(assignment.error());
    if (!assignment->nothing_to_do.empty() || assignment->state_of == instance_) return {};
    return collect(*assignment);
}

Status Run::collect(Assignment& assignment) {
    for (const auto& archive : assignment.archives) {
        if (paths_.has_owners()) continue; // made by converge, for the right group
        if (auto made = Spool(paths_, archive.name).create(); !made) return made;
    }
    auto checkpoint = Checkpoint::open(paths_, assignment.state_of, WindowRules::of(task_).keep());
    if (!checkpoint) return fail(checkpoint.error());
    auto keys = HostKeys::read(paths_, instance_.host);
    if (!keys) return fail(keys.error());
    const PollSettings settings{.paths = paths_,
                                .instance = instance_,
                                .state_of = assignment.state_of,
                                .task = task_,
                                .measurement_archives = std::move(assignment.measurement_archives),
                                .destinations = std::move(assignment.destinations),
                                .skew_usec = last_ ? expected_skew(*last_, now_moment()) : 0};
    poll_host(settings, *checkpoint, assignment.limits, *keys, stop_, journal_, summary_);
    if (auto compacted = checkpoint->compact_if_large(); !compacted && !summary_.error) return compacted;
    return {};
}

/// Changes nothing and costs nothing: the last result stays, and the journal stays quiet.
ExitCode Run::defer(std::string_view why) {
    journal_.log(Priority::info, fmt::format("{}: deferred: {}", instance_.host, why));
    return ExitCode::deferred;
}

ExitCode Run::report_fault(Error error) {
    summary_.error = may_need_root(std::move(error));
    summary_.is_host_error = false;
    return report();
}

void Run::tell_own_step(const LastResult& result) const {
    if (result.clock_step_usec == 0 || !is_first_to_note(paths_, result.clock_step_usec, summary_.finished))
        return;
    journal_.log(Priority::warning, message::clock_stepped,
                 fmt::format("the clock of this machine was set {} since the last run",
                             way_of(result.clock_step_usec)),
                 time_fields(result));
}

ExitCode Run::report() {
    summary_.finished = now_moment();
    summary_.duration_usec =
        std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - begun_).count();
    auto next = next_result(last_, summary_, task_.interval);
    tell_own_step(next);
    for (const auto& news : news_of(instance_, task_.log, last_, next, summary_))
        journal_.log(news.priority, news.id, news.text, news.fields);
    if (auto written = write_last_result(paths_, instance_, next); !written) {
        journal_.log(Priority::error, message::run_failed, written.error().in("last result").message);
        if (exit_code_of(summary_) == ExitCode::success) return exit_code(written.error().kind);
    }
    return exit_code_of(summary_);
}

} // namespace

ExitCode run_probe(const Paths& paths, const Instance& instance, Stop& stop, const Journal& journal) {
    return Run(paths, instance, stop, journal).run();
}

} // namespace meshprobe
