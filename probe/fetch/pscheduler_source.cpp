#include "probe/fetch/pscheduler_source.hpp"

#include "lib/pscheduler/run_subject.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t runs_at_once = 64; ///< their documents are held together
constexpr std::size_t most_single_tasks = 1000;
/// Of the schedule: a hundred tests that report each minute have 36 000 runs in it.
constexpr Timestamp slice = 6 * 3600;

const json& member(const json& object, const char* name) {
    static const json none;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found == object.end() ? none : *found;
}

bool is_multi_result(const json& task) {
    const json& flag = member(member(task, "detail"), "multi-result");
    return flag.is_boolean() && flag.get<bool>();
}

/// What pScheduler hands to its archivers of a run, as far as task and run tell; a null run: nothing
/// measured.
json archived_document(const json& task, const json& run) {
    const json& detail = member(task, "detail");
    json document{
        {"test", member(task, "test")},
        {"tool", {{"name", member(task, "tool")}}},
        {"participants", member(detail, "participants")},
        {"reference", member(task, "reference")},
        {"schedule", {{"start", member(run, "start-time")}, {"duration", member(detail, "duration")}}},
        {"result", member(run, "result-merged")},
        {"run", run}};
    document["run"].erase("result-full");
    document["run"].erase("result-merged");
    return document;
}

Result<SeriesSubject> read_subject(const json& task) {
    const auto document =
        RunDocument::parse(archived_document(task, {{"start-time", "2000-01-01T00:00:00Z"}}).dump());
    if (!document) return fail(document.error());
    return subject_of(*document);
}

/// Of which every run that is fetched brings one at least, if it brings anything.
EventTypes event_types_of(std::string_view test_type) {
    static constexpr std::array<std::string_view, 5> throughput{
        "throughput", "throughput-subintervals", "packet-retransmits", "packet-retransmits-subintervals",
        "failures"};
    static constexpr std::array<std::string_view, 6> latency{"packet-count-sent", "packet-count-lost",
                                                             "packet-loss-rate",  "histogram-owdelay",
                                                             "histogram-ttl",     "failures"};
    static constexpr std::array<std::string_view, 5> rtt{"histogram-rtt", "packet-count-sent",
                                                         "packet-loss-rate-bidir", "packet-count-lost-bidir",
                                                         "failures"};
    static constexpr std::array<std::string_view, 3> trace{"packet-trace", "path-mtu", "failures"};
    static constexpr std::array<std::string_view, 2> others{"pscheduler-raw", "failures"};
    if (test_type == "throughput") return throughput;
    if (test_type == "latency" || test_type == "latencybg") return latency;
    if (test_type == "rtt") return rtt;
    return test_type == "trace" ? EventTypes(trace) : EventTypes(others);
}

} // namespace

Result<std::optional<RunSource::Page>> PSchedulerSource::next(const std::function<bool()>& stop) {
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
    wanted_.clear();
    fetched_ = 0;
    Page page;
    page.date = schedule->date;
    page.skipped = schedule->odd;
    if (page.skipped > 0) page.first_skipped = "a run of the schedule without a path or a start";
    if (schedule->runs.empty()) return page;
    if (auto learned = learn_tasks(stop); !learned) return fail(learned.error());
    if (auto chosen = want(std::move(schedule->runs), page, stop); !chosen) return fail(chosen.error());
    return page;
}

Status PSchedulerSource::learn_tasks(const std::function<bool()>& stop) {
    if (has_tasks_) return {};
    auto tasks = scheduler_.tasks(stop);
    if (!tasks) return fail(tasks.error());
    tasks_ = std::move(*tasks);
    has_tasks_ = true;
    return {};
}

Status PSchedulerSource::want(std::vector<ScheduledRun> runs, Page& page, const std::function<bool()>& stop) {
    std::size_t single_tasks = 0;
    for (auto& run : runs) {
        auto task = tasks_.find(run.task);
        if (task == tasks_.end()) { // it has ended since
            auto single = single_tasks < most_single_tasks
                              ? scheduler_.task(run.task, stop)
                              : fail(ErrorKind::protocol, "more than 1000 tasks that are not listed");
            ++single_tasks;
            if (!single && single.error().kind == ErrorKind::interrupted) return fail(single.error());
            if (!single && page.failed++ == 0) page.first_failure = single.error().message;
            task = tasks_.emplace(run.task, single ? std::move(*single) : json()).first;
        }
        if (task->second.is_null()) continue;
        // The run that a test in the background is made of has no result; its intervals are runs, too.
        if (is_multi_result(task->second) && !run.is_instant) continue;
        auto subject = subjects_.find(run.task);
        if (subject == subjects_.end()) {
            auto read = read_subject(task->second);
            if (!read && page.skipped++ == 0) page.first_skipped = read.error().in(run.task).message;
            subject =
                subjects_.emplace(run.task, read ? std::optional(std::move(*read)) : std::nullopt).first;
        }
        if (!subject->second ||
            settings_.can_spare(*subject->second, event_types_of(run.test_type), run.start))
            continue;
        wanted_.push_back({std::move(run), &task->second, &*subject->second});
    }
    return {};
}

Result<RunSource::Page> PSchedulerSource::fetch(const std::function<bool()>& stop) {
    Page page;
    const std::size_t end = std::min(wanted_.size(), fetched_ + runs_at_once);
    std::optional<Error> last_error;
    for (std::size_t i = fetched_; i < end; ++i) {
        scheduler_.fetch(wanted_[i].run.path, [&, i](const Result<json>& run) {
            if (!run) last_error = run.error();
            take(wanted_[i], run, page);
        });
    }
    if (auto ran = session_.run(stop); !ran) return fail(ran.error());
    // One that cannot be had does not keep the others back; a host that is gone does.
    const bool is_gone =
        page.failed == end - fetched_ && last_error && last_error->kind != ErrorKind::refused;
    if (last_error && (is_gone || wait_asked() || last_error->kind == ErrorKind::untrusted))
        return fail(*last_error);
    if (page.failed == 0) page.arrived_until = wanted_[end - 1].run.start;
    fetched_ = end;
    return page;
}

void PSchedulerSource::take(const Wanted& wanted, const Result<json>& run, Page& page) const {
    if (!run) {
        if (page.failed++ == 0) page.first_failure = run.error().message;
        return;
    }
    if (member(*run, "result-merged").is_null()) {
        // Of one that has finished it is not merged yet: the next poll finds it. Others are never archived.
        if (member(*run, "state") != "finished") page.empty.push_back({*wanted.subject, wanted.run.start});
        return;
    }
    auto result = read_run_record(archived_document(*wanted.task, *run).dump());
    if (result) {
        page.results.push_back(std::move(*result));
    } else if (page.skipped++ == 0) {
        page.first_skipped = result.error().in(wanted.run.path).message;
    }
}

} // namespace meshprobe
