#include "probe/fetch/pscheduler.hpp"

#include "lib/units_of_measure.hpp"
#include "probe/fetch/answer.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/esmond.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t most_runs = 200'000;               ///< of one window
constexpr std::uint64_t largest_schedule = 512ULL << 20; ///< read while it arrives
constexpr std::size_t most_of_tasks = 16U << 20;         ///< of what is kept of them
constexpr std::string_view root = "/pscheduler/";

} // namespace

std::string PScheduler::at(std::string_view path) const {
    return url_.substr(0, url_.size() - root.size()).append(path);
}

Result<HttpResponse> PScheduler::ask(HttpRequest request, const std::function<bool()>& stop) {
    const std::string url = request.url;
    request.headers = {"Accept: application/json"};
    Result<HttpResponse> answer = fail(ErrorKind::internal, "no answer");
    session_.start(std::move(request), [&](Result<HttpResponse> result) { answer = std::move(result); });
    if (auto ran = session_.run(stop); !ran) return fail(ran.error());
    if (!answer) return answer;
    wait_asked_ = wait_asked_for(*answer);
    if (answer->status < 200 || answer->status > 299) return fail(error_of(*answer, url));
    return answer;
}

Result<Schedule> PScheduler::list(const Window& window, const std::vector<std::string>& tests,
                                  const std::function<bool()>& stop) {
    Schedule schedule;
    ArrayScanner scanner([&](std::string_view batch) -> Status {
        auto read = read_schedule(batch);
        if (!read) return fail(read.error());
        schedule.odd += read->odd;
        schedule.usable += read->usable;
        for (ScheduledRun& run : read->runs) {
            if (!tests.empty() && std::ranges::find(tests, run.test_type) == tests.end()) continue;
            if (schedule.runs.size() == most_runs)
                return fail(ErrorKind::protocol, fmt::format("it lists more than {} runs", most_runs));
            schedule.runs.push_back(std::move(run));
        }
        return {};
    });
    HttpRequest request;
    // The last second is of the window, and pScheduler leaves out what starts at `end`.
    request.url = fmt::format("{}schedule?start={}&end={}", url_, format_utc(window.from),
                              format_utc(window.until + 1));
    request.max_bytes = largest_schedule;
    request.on_body = [&](std::string_view chunk) { return scanner.feed(chunk); };
    const std::string url = request.url;
    const auto answer = ask(std::move(request), stop);
    if (!answer) return fail(answer.error());
    if (auto finished = scanner.finish(); !finished)
        return fail(finished.error().in(fmt::format("{} ({})", url, answer->content_type)));
    if (schedule.usable == 0 && schedule.odd > 0) {
        return fail(ErrorKind::protocol,
                    fmt::format("{}: no schedule: an array of {}, none of which is a run with its state, "
                                "start and href",
                                url, counted(schedule.odd, "element")));
    }
    if (answer->date)
        schedule.date = std::chrono::floor<std::chrono::seconds>(*answer->date).time_since_epoch().count();
    std::ranges::sort(schedule.runs, [](const ScheduledRun& one, const ScheduledRun& other) {
        return std::tie(one.start, one.path) < std::tie(other.start, other.path);
    });
    return schedule;
}

Result<std::map<std::string, RunTask>> PScheduler::tasks(const std::function<bool()>& stop) {
    std::map<std::string, RunTask> tasks;
    std::size_t bytes = 0;
    ArrayScanner scanner([&](std::string_view batch) -> Status {
        auto read = read_tasks(batch);
        if (!read) return fail(read.error());
        for (ListedTask& listed : read->tasks) {
            bytes += listed.path.size() + listed.task.members.size() + listed.task.duration.size();
            if (tasks.size() < most_runs && bytes <= most_of_tasks)
                tasks.insert_or_assign(std::move(listed.path), std::move(listed.task));
        }
        return {};
    });
    HttpRequest request;
    // {"detail":{"enabled":true}}
    request.url = url_ + "tasks?expanded=1&detail=1&json=%7B%22detail%22%3A%7B%22enabled%22%3Atrue%7D%7D";
    request.max_bytes = largest_schedule;
    request.on_body = [&](std::string_view chunk) { return scanner.feed(chunk); };
    const auto answer = ask(std::move(request), stop);
    if (!answer) return fail(answer.error());
    if (auto finished = scanner.finish(); !finished) return fail(finished.error().in(url_ + "tasks"));
    return tasks;
}

Result<RunTask> PScheduler::task(const std::string& path, const std::function<bool()>& stop) {
    HttpRequest request;
    std::string body;
    request.url = at(path) + "?detail=1";
    request.max_bytes = largest_document;
    request.on_body = [&](std::string_view chunk) -> Status {
        body += chunk;
        return {};
    };
    const auto answer = ask(std::move(request), stop);
    if (!answer) return fail(answer.error());
    auto task = read_task(with_padding(body));
    if (!task) return fail(task.error().in(at(path)));
    return task;
}

void PScheduler::fetch(const std::string& path, std::function<void(Result<RunAnswer>)> on_done) {
    HttpRequest request;
    const auto run = std::make_shared<RunAnswer>();
    const auto url = at(path);
    request.url = url;
    request.headers = {"Accept: application/json"};
    request.max_bytes = largest_schedule; // on_body ends it before
    request.on_body = [run](std::string_view chunk) -> Status {
        run->is_too_large = run->text.size() + chunk.size() > largest_document;
        if (run->is_too_large) return fail(ErrorKind::protocol, "it is too large");
        run->text += chunk;
        return {};
    };
    session_.start(std::move(request),
                   [this, run, url, on_done = std::move(on_done)](const Result<HttpResponse>& answer) {
                       if (run->is_too_large) return on_done(RunAnswer{{}, true});
                       if (!answer) return on_done(fail(answer.error()));
                       if (const auto wait = wait_asked_for(*answer)) wait_asked_ = wait;
                       if (answer->status < 200 || answer->status > 299)
                           return on_done(fail(error_of(*answer, url)));
                       on_done(std::move(*run));
                   });
}

} // namespace meshprobe
