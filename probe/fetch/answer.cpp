#include "probe/fetch/answer.hpp"

#include "lib/json_text/json_check.hpp"
#include "lib/json_text/nesting.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "probe/fetch/archive_url.hpp"
#include "probe/fetch/foreign_body.hpp"

#include <fmt/core.h>

#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

/// A shard that failed, or was too late.
bool is_partial(const json& answer) {
    const auto timed_out = answer.find("timed_out");
    if (timed_out != answer.end() && *timed_out == true) return true;
    const json::json_pointer failed("/_shards/failed");
    return answer.contains(failed) && answer[failed] != 0;
}

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
    const auto at = href.find("/pscheduler/");
    const auto resolved = at == std::string::npos
                              ? fail(ErrorKind::protocol, "")
                              : resolve("https://host/", std::string_view(href).substr(at));
    return resolved ? href.substr(at) : std::string{};
}

std::optional<ScheduledRun> read_line(const json& line) {
    if (!line.is_object()) return std::nullopt;
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

Result<json> parse_list(std::string_view text) {
    auto list = parse_answer(text);
    if (list && !list->is_array()) return fail(ErrorKind::protocol, "no JSON array: " + describe_body(text));
    return list;
}

} // namespace

Result<json> parse_answer(std::string_view text) {
    if (nesting(text) > JsonCheck::max_depth)
        return fail(ErrorKind::protocol,
                    fmt::format("JSON that is nested more than {} deep", JsonCheck::max_depth));
    json answer = json::parse(text, nullptr, false);
    if (answer.is_discarded()) return fail(ErrorKind::protocol, "no valid JSON: " + describe_body(text));
    return answer;
}

Result<SearchPage> read_search_page(std::string_view text) {
    auto answer = parse_answer(text);
    if (!answer) return fail(answer.error());
    if (!answer->is_object()) return fail(ErrorKind::protocol, "no JSON object: " + describe_body(text));
    if (is_partial(*answer)) return fail(ErrorKind::protocol, "not all shards of the archive have answered");
    SearchPage page;
    const json::json_pointer at("/hits/hits");
    if (!answer->contains(at)) return page; // filter_path leaves out what is empty
    json& hits = (*answer)[at];
    if (!hits.is_array()) return fail(ErrorKind::protocol, "\"hits\" is no array");
    page.hits = hits.size();
    for (json& hit : hits) {
        if (!hit.is_object()) continue;
        if (const auto source = hit.find("_source"); source != hit.end() && source->is_object())
            page.documents.push_back(std::move(*source));
    }
    if (hits.empty() || !hits.back().is_object()) return page;
    if (const auto sort = hits.back().find("sort"); sort != hits.back().end()) page.last = std::move(*sort);
    return page;
}

Result<Schedule> read_schedule(std::string_view text) {
    const auto lines = parse_list(text);
    if (!lines) return fail(lines.error());
    Schedule schedule;
    for (const json& line : *lines) {
        if (line.is_object() && !has_result(text_of(line, "state"))) continue;
        if (auto run = read_line(line)) {
            schedule.runs.push_back(std::move(*run));
        } else {
            ++schedule.odd;
        }
    }
    return schedule;
}

Result<std::vector<ListedTask>> read_tasks(std::string_view text) {
    auto list = parse_list(text);
    if (!list) return fail(list.error());
    std::vector<ListedTask> tasks;
    for (json& task : *list) {
        if (!task.is_object()) continue;
        auto path = path_of(text_of(task, "href"));
        if (path.empty()) continue;
        for (const char* member : {"archives", "detail-diags", "tools"})
            task.erase(member); // most of the bytes
        tasks.push_back({std::move(path), std::move(task)});
    }
    return tasks;
}

} // namespace meshprobe
