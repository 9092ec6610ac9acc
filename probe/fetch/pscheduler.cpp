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
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t most_runs = 200'000;               ///< of one window
constexpr std::uint64_t largest_schedule = 512ULL << 20; ///< read while it arrives
constexpr std::uint64_t largest_document = 16ULL << 20;
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
    request.url =
        fmt::format("{}schedule?start={}&end={}", url_, format_utc(window.from), format_utc(window.until + 1));
    request.max_bytes = largest_schedule;
    request.on_body = [&](std::string_view chunk) { return scanner.feed(chunk); };
    const std::string url = request.url;
    const auto answer = ask(std::move(request), stop);
    if (!answer) return fail(answer.error());
    if (auto finished = scanner.finish(); !finished)
        return fail(finished.error().in(fmt::format("{} ({})", url, answer->content_type)));
    if (answer->date)
        schedule.date = std::chrono::floor<std::chrono::seconds>(*answer->date).time_since_epoch().count();
    std::ranges::sort(schedule.runs, {},
                      [](const ScheduledRun& run) { return std::pair(run.start, run.path); });
    return schedule;
}

Result<std::map<std::string, json>> PScheduler::tasks(const std::function<bool()>& stop) {
    std::map<std::string, json> tasks;
    ArrayScanner scanner([&](std::string_view batch) -> Status {
        auto read = read_tasks(batch);
        if (!read) return fail(read.error());
        for (ListedTask& listed : *read) {
            if (tasks.size() < most_runs)
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

Result<json> PScheduler::task(const std::string& path, const std::function<bool()>& stop) {
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
    auto task = parse_answer(body);
    if (!task) return fail(task.error().in(at(path)));
    if (!task->is_object()) return fail(ErrorKind::protocol, at(path) + ": no JSON object");
    return task;
}

void PScheduler::fetch(const std::string& path, std::function<void(Result<json>)> on_done) {
    HttpRequest request;
    const auto body = std::make_shared<std::string>();
    const auto url = at(path);
    request.url = url;
    request.headers = {"Accept: application/json"};
    request.max_bytes = largest_document;
    request.on_body = [body](std::string_view chunk) -> Status {
        *body += chunk;
        return {};
    };
    session_.start(std::move(request),
                   [this, body, url, on_done = std::move(on_done)](const Result<HttpResponse>& answer) {
                       if (!answer) return on_done(fail(answer.error()));
                       if (const auto wait = wait_asked_for(*answer)) wait_asked_ = wait;
                       if (answer->status < 200 || answer->status > 299)
                           return on_done(fail(error_of(*answer, url)));
                       auto run = parse_answer(*body);
                       if (!run) return on_done(fail(run.error().in(url)));
                       if (!run->is_object())
                           return on_done(fail(ErrorKind::protocol, url + ": no JSON object"));
                       on_done(std::move(*run));
                   });
}

} // namespace meshprobe
