#include "probe/collector.hpp"

#include "lib/summary_name.hpp"
#include "probe/fetch/archive_url.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

/// A host that died during the run: its series would else wait for their time-outs one after the other.
constexpr unsigned most_unanswered = 12;

} // namespace

Collector::Collector(HttpSession& session, PollBook& book, Timestamp now, Flavour flavour, Settings settings)
    : session_(session), batch_(book.batch), tally_(book.summary.tally),
      settings_(std::move(settings)), context_{.checkpoint = book.checkpoint,
                                               .history = book.history,
                                               .batch = book.batch,
                                               .outlets = book.outlets,
                                               .limits = book.limits,
                                               .tally = book.summary.tally,
                                               .now = now,
                                               .flavour = flavour,
                                               .commit_if_due = [this] { return commit_if_due(); },
                                               .go_on = [this] { return !must_stop(); }},
      shuffle_(static_cast<std::minstd_rand::result_type>(Clock::now().time_since_epoch().count())) {}

Status Collector::read_recent() {
    first_part_ = SeriesRun::Part::recent;
    // In another order each time: where runs end early for want of time, or a few series hang, none is always
    // last.
    std::ranges::shuffle(queue_, shuffle_);
    return run();
}

Status Collector::read_holes() {
    if (holes_.empty()) return {};
    // A series that was read ahead of its hole must be in the checkpoint before it is read again.
    if (auto committed = commit(); !committed) return committed;
    first_part_ = SeriesRun::Part::hole;
    std::ranges::sort(holes_, {}, [](const SeriesJob& job) { return job.plan.hole->from; });
    std::ranges::move(holes_, std::back_inserter(queue_));
    holes_.clear();
    auto status = run();
    // What the time was not enough for: nothing is cut short, the next run goes on.
    std::ranges::move(queue_, std::back_inserter(holes_));
    queue_.clear();
    return status;
}

Status Collector::run() {
    fill();
    auto ran = session_.run([this] {
        static_cast<void>(commit_if_due());
        return fault_ || host_error_ || settings_.stop();
    });
    if (fault_) return fail(*fault_);
    if (!ran && ran.error().kind != ErrorKind::interrupted) return ran;
    if (!ran && !host_error_) return ran;
    return {};
}

bool Collector::must_stop() {
    return fault_ || host_error_ || settings_.stop() ||
           (first_part_ == SeriesRun::Part::hole && Clock::now() >= settings_.catch_up_end);
}

void Collector::fill() {
    while (!queue_.empty() && active_.size() < settings_.max_requests && !must_stop()) {
        SeriesJob job = std::move(queue_.front());
        queue_.pop_front();
        begin(std::move(job));
    }
}

void Collector::begin(SeriesJob job) {
    active_.emplace_back(std::move(job), context_);
    const auto active = std::prev(active_.end());
    const bool is_deep_first = first_part_ == SeriesRun::Part::recent && active->job().plan.deeper_first;
    active->begin(is_deep_first ? SeriesRun::Part::deeper : first_part_);
    const auto& whole = active->whole();
    if (whole.verdict == LimitDecision::Verdict::drop) {
        settle(active->job(), true);
        active_.erase(active);
        return;
    }
    ++tally_.series_read;
    if (whole.verdict == LimitDecision::Verdict::fail) {
        ReadResult failed;
        failed.status = fail(context_.limits.failure(whole, 0));
        on_failure(active, failed);
        return retire(active);
    }
    read(active);
}

void Collector::read(Active active) {
    auto url = resolve(settings_.archive_url, active->job().base_uri);
    if (!url) {
        ReadResult refused;
        refused.status = fail(ErrorKind::refused, url.error().message);
        on_failure(active, refused);
        retire(active);
        return;
    }
    // All of elmond that is special about pages it spares its summaries: each is the whole of what was asked.
    const Flavour pages = is_summary(active->job().event_type) ? Flavour::esmond : context_.flavour;
    WindowReader::start(
        session_, std::move(*url), pages, active->window(), *active,
        [this, active](ReadResult result) { on_done(active, std::move(result)); }, settings_.page_size);
}

std::optional<SeriesRun::Part> Collector::next_part(const SeriesRun& run) const {
    if (run.part() == SeriesRun::Part::recent && run.must_look_deeper()) return SeriesRun::Part::deeper;
    if (run.part() == SeriesRun::Part::deeper && run.job().plan.deeper_first) return SeriesRun::Part::recent;
    return std::nullopt;
}

void Collector::count(const PointCounts& counts) {
    tally_.duplicates += counts.repeated;
    tally_.conflicts += counts.conflicting;
    tally_.before_epoch += counts.before_epoch;
    tally_.future += counts.beyond_years;
}

void Collector::on_done(Active active, ReadResult result) {
    count(result.counts);
    Result<Window> fetched = Window{};
    if (result.status) {
        fetched = active->fetched();
        if (!fetched) result.status = fail(fetched.error());
    }
    if (!result.status) {
        on_failure(active, result);
    } else {
        unanswered_ = 0;
        ++answered_;
        if (result.counts.malformed > 0) {
            // Asking again would bring the same: the others of the series count, but somebody should know.
            note_failure(active->job(),
                         fmt::format("{} of {} elements are no points: {}", result.counts.malformed,
                                     result.counts.elements, result.counts.first_problem));
        }
        batch_.heal(active->job().id(), fetched->from, fetched->until);
        if (const auto part = next_part(*active)) {
            active->begin(*part);
            return read(active);
        }
        const bool leaves_hole = active->part() == SeriesRun::Part::recent && active->job().plan.hole;
        active->end(true, !leaves_hole);
        if (leaves_hole) holes_.push_back(active->job());
        settle(active->job(), true);
    }
    retire(active);
    fill();
}

void Collector::note_failure(const SeriesJob& job, std::string_view why) {
    ++tally_.series_failed;
    if (tally_.first_failure.empty()) tally_.first_failure = fmt::format("{}: {}", job.id(), why);
}

void Collector::on_failure(Active active, const ReadResult& result) {
    const Error& error = result.status.error();
    const bool passes = error.kind != ErrorKind::refused && error.kind != ErrorKind::interrupted;
    active->end(!passes, false);
    if (error.kind == ErrorKind::interrupted) {
        if (active->part() == SeriesRun::Part::hole) {
            SeriesJob job = active->job();
            job.plan.hole->from =
                std::clamp(active->complete_until(), job.plan.hole->from, job.plan.hole->until);
            holes_.push_back(std::move(job));
        } else {
            cut_short_ = true;
        }
        return;
    }
    if (error.kind == ErrorKind::storage) {
        fault_ = error; // a commit in the middle of the transfer
        return;
    }
    note_failure(active->job(), error.message);
    if (passes) {
        failed_.push_back(active->job().id());
    } else {
        settle(active->job(), false);
    }
    if (result.wait_asked) wait_asked_ = result.wait_asked;
    unanswered_ = error.kind == ErrorKind::unreachable ? unanswered_ + 1 : 0;
    if (error.kind == ErrorKind::untrusted || result.wait_asked || unanswered_ >= most_unanswered)
        host_error_ = error;
}

void Collector::settle(const SeriesJob& job, bool read) const {
    if (settings_.on_settled) settings_.on_settled(job, read);
}

void Collector::retire(Active active) {
    batch_.add_change(active->change());
    active_.erase(active);
}

Status Collector::commit() {
    for (auto& run : active_)
        batch_.add_change(run.change());
    return batch_.commit();
}

/// After a commit that failed there is no other: what it held is gone, and the marks of what follows would
/// pass it.
Status Collector::commit_if_due() {
    if (!fault_ && batch_.is_due()) {
        if (auto committed = commit(); !committed) fault_ = committed.error();
    }
    return fault_ ? Status(fail(*fault_)) : Status{};
}

Timestamp Collector::owed() const {
    Timestamp longest = 0;
    for (const auto& job : holes_)
        longest = std::max(longest, job.plan.hole->until - job.plan.hole->from + 1);
    return longest;
}

} // namespace meshprobe
