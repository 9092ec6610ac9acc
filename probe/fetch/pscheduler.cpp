#include "probe/fetch/pscheduler.hpp"

#include "lib/pscheduler/run_document.hpp"
#include "lib/units_of_measure.hpp"
#include "probe/fetch/archive_url.hpp"
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

/// Others never have a result, not even that of a failure: pScheduler archives none of them.
bool has_result(std::string_view state) {
    return state == "finished" || state == "failed";
}

std::string text_of(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// Below our own scheme and host, whatever the server calls itself.
std::string path_of(const std::string& href) {
    const auto at = href.find(root);
    const auto resolved = at == std::string::npos
                              ? fail(ErrorKind::protocol, "")
                              : resolve("https://host/", std::string_view(href).substr(at));
    return resolved ? href.substr(at) : std::string{};
}

std::optional<ScheduledRun> read_line(const json& line) {
    if (!line.is_object() || !has_result(text_of(line, "state"))) return std::nullopt;
    const auto path = path_of(text_of(line, "href"));
    ScheduledRun run{.path = path,
                     .task = path.substr(0, path.find("/runs/")),
                     .test_type = {},
                     .start = 0,
                     .is_instant = text_of(line, "start-time") == text_of(line, "end-time")};
    if (const auto test = line.find("test"); test != line.end() && test->is_object())
        run.test_type = text_of(*test, "type");
    const auto start = parse_timestamp(text_of(line, "start-time"));
    if (!start || run.task.size() == run.path.size()) return std::nullopt;
    run.start = *start;
    return run;
}

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
        const json lines = json::parse(batch, nullptr, false);
        if (!lines.is_array()) return fail(ErrorKind::protocol, "the schedule is no valid JSON");
        for (const json& line : lines) {
            auto run = read_line(line);
            if (!run) continue;
            if (!tests.empty() && std::ranges::find(tests, run->test_type) == tests.end()) continue;
            if (schedule.runs.size() == most_runs)
                return fail(ErrorKind::protocol, fmt::format("it lists more than {} runs", most_runs));
            schedule.runs.push_back(std::move(*run));
        }
        return {};
    });
    HttpRequest request;
    request.url =
        fmt::format("{}schedule?start={}&end={}", url_, format_utc(window.from), format_utc(window.until));
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
        json list = json::parse(batch, nullptr, false);
        if (!list.is_array()) return fail(ErrorKind::protocol, "the list of tasks is no valid JSON");
        for (json& task : list) {
            if (!task.is_object()) continue;
            const auto path = path_of(text_of(task, "href"));
            if (path.empty()) continue;
            for (const char* member : {"archives", "detail-diags", "tools"})
                task.erase(member); // most of the bytes
            if (tasks.size() < most_runs) tasks.insert_or_assign(path, std::move(task));
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
    json task = json::parse(body, nullptr, false);
    if (!task.is_object()) return fail(ErrorKind::protocol, at(path) + ": no JSON object");
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
                       json run = json::parse(*body, nullptr, false);
                       if (!run.is_object())
                           return on_done(fail(ErrorKind::protocol, url + ": no JSON object"));
                       on_done(std::move(run));
                   });
}

} // namespace meshprobe
