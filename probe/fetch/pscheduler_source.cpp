#include "probe/fetch/pscheduler_source.hpp"

#include "lib/pscheduler/run_subject.hpp"
#include "lib/record/identity.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace meshprobe {

namespace {

// A page ends with either: its results are held together.
constexpr std::size_t runs_in_page = 64;
constexpr std::size_t most_gathered = 2U << 20;
constexpr std::size_t most_single_tasks = 1000;
/// Of the schedule: a hundred tests that report each minute have 36 000 runs in it.
constexpr Timestamp slice = 6 * 3600;
/// So long after its end a run without a result may still get one: the lead asks the others for theirs.
constexpr Timestamp merging = 300;
/// When so many fail and no other comes, it is no fault of theirs.
constexpr std::uint64_t enough_to_blame_the_source = 3;

Result<SeriesSubject> read_subject(const RunTask& task) {
    ShownRun none{.start = R"("2000-01-01T00:00:00Z")", .participants = {}, .href = {}, .result = "null"};
    const auto document = RunDocument::parse(archived_document(task, none));
    if (!document) return fail(document.error());
    return subject_of(*document);
}

/// Stands for the runs of a task that has ended: that they were seen must be known without asking for it.
SeriesSubject mark_of(const std::string& task) {
    SeriesSubject mark;
    mark.key = identity_of(task);
    return mark;
}

std::size_t size_of(const RunRecord& record) {
    std::size_t size = 0;
    for (const auto& value : record.values)
        size += value.json.size();
    return size;
}

} // namespace

Result<std::optional<RunSource::Page>> PSchedulerSource::next(const std::function<bool()>& stop) {
    if (is_over_) return fail(*last_error_);
    if (fetched_ == wanted_.size() && listed_until_ >= settings_.window.until) return std::optional<Page>{};
    auto page = fetched_ < wanted_.size() ? fetch(stop) : list(stop);
    if (!page) return fail(page.error());
    return std::optional(std::move(*page));
}

Result<RunSource::Page> PSchedulerSource::list(const std::function<bool()>& stop) {
    const Timestamp from = std::max(settings_.window.from, listed_until_ + 1);
    const Window part{from, std::min(settings_.window.until, from + slice)};
    auto schedule = scheduler_.list(part, settings_.tests, stop);
    if (!schedule) return fail(schedule.error());
    listed_until_ = part.until;
    const auto own_clock = std::chrono::system_clock::now().time_since_epoch();
    clock_ = schedule->date.value_or(std::chrono::floor<std::chrono::seconds>(own_clock).count());
    wanted_.clear();
    fetched_ = 0;
    Page page;
    page.date = schedule->date;
    page.skipped = schedule->odd;
    if (page.skipped > 0) page.first_skipped = "a line of the schedule without a path, a state or a start";
    if (schedule->runs.empty()) return page;
    if (auto learned = learn_tasks(stop); !learned) return fail(learned.error());
    if (auto chosen = want(std::move(schedule->runs), page, stop); !chosen) return fail(chosen.error());
    return page;
}

Status PSchedulerSource::learn_tasks(const std::function<bool()>& stop) {
    if (has_tasks_) return {};
    auto tasks = scheduler_.tasks(stop);
    if (!tasks) return fail(tasks.error());
    for (auto& [path, task] : *tasks)
        tasks_.try_emplace(path, KnownTask{.task = std::move(task), .subject = {}});
    has_tasks_ = true;
    return {};
}

Result<PSchedulerSource::KnownTask> PSchedulerSource::ask_for(const std::string& task, Page& page,
                                                              const std::function<bool()>& stop) {
    auto single = asked_for_++ < most_single_tasks
                      ? scheduler_.task(task, stop)
                      : fail(ErrorKind::protocol, "more than 1000 tasks that are not listed");
    if (!single && single.error().kind == ErrorKind::interrupted) return fail(single.error());
    if (!single && page.failed++ == 0) page.first_failure = single.error().message;
    KnownTask known{.task = {}, .is_listed = false, .subject = {}};
    if (single) known.task = std::move(*single);
    return known;
}

Status PSchedulerSource::want(std::vector<ScheduledRun> runs, Page& page, const std::function<bool()>& stop) {
    for (auto& run : runs) {
        const auto types = event_types_of(run.test_type);
        auto found = tasks_.find(run.task());
        const bool may_have_ended = found == tasks_.end() || !found->second.is_listed;
        if (may_have_ended && settings_.can_spare(mark_of(run.task()), types, run.start)) continue;
        if (found == tasks_.end()) {
            auto asked = ask_for(run.task(), page, stop);
            if (!asked) return fail(asked.error());
            found = tasks_.emplace(run.task(), std::move(*asked)).first;
        }
        KnownTask& task = found->second;
        if (!task.task) continue;
        // The run that a test in the background is made of has no result; its intervals are runs, too.
        if (task.task->is_multi_result && !run.is_instant) {
            if (!task.is_listed) page.empty.push_back({mark_of(run.task()), run.start});
            continue;
        }
        if (!std::exchange(task.is_understood, true)) {
            auto subject = read_subject(*task.task);
            if (subject) task.subject = std::move(*subject);
            if (!subject && page.skipped++ == 0) page.first_skipped = subject.error().in(run.task()).message;
        }
        if (!task.subject || settings_.can_spare(*task.subject, types, run.start)) {
            if (!task.is_listed) page.empty.push_back({mark_of(run.task()), run.start});
            continue;
        }
        wanted_.push_back({std::move(run), &task});
    }
    return {};
}

Result<RunSource::Page> PSchedulerSource::fetch(const std::function<bool()>& stop) {
    Page page;
    const std::size_t first = fetched_;
    gathered_ = 0;
    too_large_.clear();
    last_error_.reset();
    const auto has_room = [&] {
        return !is_over_ && fetched_ < wanted_.size() && fetched_ - first < runs_in_page &&
               gathered_ < most_gathered;
    };
    // Each that comes makes room for the next: no more of them are on their way than can be asked at once.
    std::function<void()> ask_for_next = [&] {
        const Wanted& wanted = wanted_[fetched_++];
        scheduler_.fetch(wanted.run.path, [&](Result<PScheduler::RunAnswer> answer) {
            take(wanted, std::move(answer), page);
            if (has_room()) ask_for_next();
        });
    };
    for (unsigned i = 0; i < std::max(1U, settings_.at_once) && has_room(); ++i)
        ask_for_next();
    const auto ran = session_.run(stop);
    if (!ran && !is_over_) {
        last_error_ = ran.error();
        is_over_ = true;
    }
    const std::uint64_t asked = fetched_ - first;
    settle_too_large(asked, page);
    // One that cannot be had does not keep the others back; a source that gives none does.
    const bool gives_none = page.failed == asked && asked >= enough_to_blame_the_source &&
                            last_error_->kind != ErrorKind::refused;
    if (gives_none) is_over_ = true;
    if (is_over_ && page.results.empty() && page.empty.empty()) return fail(*last_error_);
    if (page.failed == 0 && !is_over_) page.arrived_until = wanted_[fetched_ - 1].run.start;
    return page;
}

void PSchedulerSource::take(const Wanted& wanted, Result<PScheduler::RunAnswer> answer, Page& page) {
    const auto taken = answer ? read(wanted, std::move(*answer), page) : Status(fail(answer.error()));
    if (taken) return;
    const Error& error = taken.error();
    last_error_ = error;
    is_over_ = is_over_ || wait_asked() || error.kind == ErrorKind::untrusted ||
               error.kind == ErrorKind::interrupted;
    if (error.kind == ErrorKind::interrupted) return; // nobody knows whether it could be had
    if (page.failed++ == 0) page.first_failure = error.message;
}

/// An error: it could not be had now.
Status PSchedulerSource::read(const Wanted& wanted, PScheduler::RunAnswer answer, Page& page) {
    if (answer.is_too_large) {
        too_large_.push_back(&wanted);
        return {};
    }
    const auto run = read_run(with_padding(answer.text));
    if (!run) return fail(run.error().in(wanted.run.path));
    if (run->result == "null") {
        // While it may still be merged the next poll asks again.
        const bool is_final = !run->is_led_here || wanted.run.end + merging < clock_;
        if (is_final) note_run(wanted.run, *wanted.task, page);
        return {};
    }
    auto result = read_run_record(archived_document(*wanted.task->task, *run));
    if (!result) {
        skip(wanted, result.error().message, page);
        return {};
    }
    if (result->ts != wanted.run.start) page.empty.push_back({*wanted.task->subject, wanted.run.start});
    if (!wanted.task->is_listed) page.empty.push_back({mark_of(wanted.run.task()), wanted.run.start});
    gathered_ += size_of(*result);
    page.results.push_back(std::move(*result));
    return {};
}

/// Not to be asked for again; but where nothing else comes, that is no schedule of large runs.
void PSchedulerSource::settle_too_large(std::uint64_t asked, Page& page) {
    const auto why = fmt::format("it is larger than {}", format_size(PScheduler::largest_document));
    const bool is_all = too_large_.size() == asked && asked >= enough_to_blame_the_source;
    for (const Wanted* wanted : too_large_) {
        if (!is_all) skip(*wanted, why, page);
    }
    if (!is_all) return;
    last_error_ = Error{ErrorKind::protocol, fmt::format("{}: {}", too_large_.front()->run.path, why)};
    page.failed = asked;
    page.first_failure = last_error_->message;
}

/// It is told once, not with each poll.
void PSchedulerSource::skip(const Wanted& wanted, const std::string& why, Page& page) {
    if (page.skipped++ == 0) page.first_skipped = fmt::format("{}: {}", wanted.run.path, why);
    note_run(wanted.run, *wanted.task, page);
}

void PSchedulerSource::note_run(const ScheduledRun& run, const KnownTask& task, Page& page) {
    page.empty.push_back({*task.subject, run.start});
    if (!task.is_listed) page.empty.push_back({mark_of(run.task()), run.start});
}

} // namespace meshprobe
