#include "probe/fetch/answer.hpp"

#include "lib/json_text/json_object.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "probe/fetch/archive_url.hpp"
#include "probe/fetch/foreign_body.hpp"

#include <fmt/core.h>

#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t largest_task = 64U << 10; ///< its specification, as good as alone

std::string describe(std::string_view text) {
    constexpr std::size_t enough = 512;
    return describe_body(text.substr(0, enough));
}

Result<JsonValue> parse(std::string_view text) {
    JsonCursor cursor(text);
    const auto value = cursor.value();
    if (value && cursor.peek() == '\0') return *value;
    const auto problem = value ? "something stands behind it" : cursor.problem();
    return fail(ErrorKind::protocol, fmt::format("no valid JSON ({}): {}", problem, describe(text)));
}

Result<JsonObject> parse_object(std::string_view text) {
    const auto value = parse(text);
    if (!value) return fail(value.error());
    if (!value->text.starts_with('{')) return fail(ErrorKind::protocol, "no JSON object: " + describe(text));
    return JsonObject(*value);
}

Result<std::vector<JsonValue>> parse_list(std::string_view text) {
    const auto value = parse(text);
    if (!value) return fail(value.error());
    if (!value->text.starts_with('[')) return fail(ErrorKind::protocol, "no JSON array: " + describe(text));
    return elements_of(*value);
}

/// Others never have a result, not even that of a failure: pScheduler archives none of them.
bool has_result(std::string_view state) {
    return state == "finished" || state == "failed";
}

std::string text_of(const JsonObject& object, std::string_view member) {
    return unescape(object[member]).value_or("");
}

/// Below our own scheme and host, whatever the server calls itself.
std::string path_of(const std::string& href) {
    const auto at = href.find("/pscheduler/");
    const auto resolved = at == std::string::npos
                              ? fail(ErrorKind::protocol, "")
                              : resolve("https://host/", std::string_view(href).substr(at));
    return resolved ? href.substr(at) : std::string{};
}

std::optional<ScheduledRun> read_line(const JsonObject& line) {
    const auto path = path_of(text_of(line, "href"));
    const auto begin = text_of(line, "start-time");
    const auto end = text_of(line, "end-time");
    ScheduledRun run{.path = path,
                     .test_type = text_of(line.object("test"), "type"),
                     .start = 0,
                     .end = 0,
                     .is_instant = begin == end};
    const auto start = parse_timestamp(begin);
    if (!start || run.task().size() == run.path.size()) return std::nullopt;
    run.start = *start;
    run.end = parse_timestamp(end).value_or(*start);
    return run;
}

std::optional<RunTask> take_task(const JsonObject& task) {
    const auto test = task["test"];
    if (!test.text.starts_with('{')) return std::nullopt;
    const auto detail = task.object("detail");
    const auto tool = task["tool"];
    const auto participants = detail["participants"];
    const auto duration = detail["duration"];
    RunTask taken;
    taken.members = fmt::format(R"("test":{},"tool":{{"name":{}}},"participants":{})", test.text,
                                tool.is_string() ? tool.text : "null",
                                participants.text.empty() ? "null" : participants.text);
    taken.duration = duration.is_string() ? duration.text : "null";
    taken.is_multi_result = detail["multi-result"].text == "true";
    if (taken.members.size() + taken.duration.size() > largest_task) return std::nullopt;
    return taken;
}

/// A shard that failed, or was too late.
bool is_partial(const JsonObject& answer) {
    const auto failed = to_integer(answer.object("_shards")["failed"]);
    return answer["timed_out"].text == "true" || (failed && *failed != 0);
}

/// None if nothing was found: then filter_path leaves them out.
Result<std::vector<JsonValue>> read_hits(std::string_view text) {
    const auto answer = parse_object(text);
    if (!answer) return fail(answer.error());
    const auto timed_out = (*answer)["timed_out"].text;
    if ((timed_out != "true" && timed_out != "false") || !(*answer)["_shards"].text.starts_with('{'))
        return fail(ErrorKind::protocol, "no answer to a search, but " + describe(text));
    if (is_partial(*answer)) return fail(ErrorKind::protocol, "not all shards of the archive have answered");
    if (!answer->has("hits")) return std::vector<JsonValue>{};
    const auto hits = answer->object("hits")["hits"];
    if (!hits.text.empty() && !hits.text.starts_with('['))
        return fail(ErrorKind::protocol, "\"hits\" is no array");
    return elements_of(hits);
}

} // namespace

Result<SearchPage> read_search_page(std::string_view text) {
    const auto hits = read_hits(text);
    if (!hits) return fail(hits.error());
    SearchPage page;
    for (const JsonValue& value : *hits) {
        const JsonObject hit(value);
        const auto source = hit["_source"];
        if (!source.text.starts_with('{'))
            return fail(ErrorKind::protocol, "a hit of the search without its document (\"_source\")");
        page.documents.push_back(source.text);
        page.last = hit["sort"].text;
    }
    return page;
}

Result<std::optional<SearchHit>> read_search_hit(std::string_view text) {
    const auto hits = read_hits(text);
    if (!hits) return fail(hits.error());
    if (hits->empty()) return std::optional<SearchHit>{};
    const JsonObject hit(hits->front());
    return std::optional(SearchHit{text_of(hit, "_id"), hit["sort"].text});
}

Result<Schedule> read_schedule(std::string_view text) {
    const auto lines = parse_list(text);
    if (!lines) return fail(lines.error());
    Schedule schedule;
    for (const JsonValue& value : *lines) {
        const JsonObject line(value);
        const auto state = text_of(line, "state");
        auto run = read_line(line);
        if (!run || state.empty()) {
            if (state.empty() || has_result(state)) ++schedule.odd;
            continue;
        }
        ++schedule.usable;
        if (has_result(state)) schedule.runs.push_back(std::move(*run));
    }
    return schedule;
}

Result<TaskList> read_tasks(std::string_view text) {
    const auto elements = parse_list(text);
    if (!elements) return fail(elements.error());
    TaskList list;
    for (const JsonValue& value : *elements) {
        const JsonObject object(value);
        auto path = path_of(text_of(object, "href"));
        auto task = take_task(object);
        if (path.empty() || !task) {
            ++list.odd;
        } else {
            list.tasks.push_back({std::move(path), std::move(*task)});
        }
    }
    return list;
}

Result<RunTask> read_task(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return fail(object.error());
    auto task = take_task(*object);
    if (!task) {
        return fail(ErrorKind::protocol,
                    "no task of pScheduler, or one of more than 64 KiB: " + describe(text));
    }
    return std::move(*task);
}

Result<ShownRun> read_run(std::string_view text) {
    const auto run = parse_object(text);
    if (!run) return fail(run.error());
    const auto result = (*run)["result-merged"];
    if (!(*run)["state"].is_string() || result.text.empty())
        return fail(ErrorKind::protocol, "no run of pScheduler, but " + describe(text));
    ShownRun shown{.start = (*run)["start-time"].text,
                   .participants = (*run)["participants"].text,
                   .href = (*run)["href"].text,
                   .result = result.text};
    shown.is_led_here = to_integer((*run)["participant"]).value_or(0) == 0;
    return shown;
}

std::string archived_document(const RunTask& task, const ShownRun& run) {
    const auto or_null = [](std::string_view json) { return json.empty() ? "null" : json; };
    return fmt::format(
        R"({{{},"schedule":{{"start":{},"duration":{}}},"run":{{"participants":{},"href":{}}},"result":{}}})",
        task.members, or_null(run.start), task.duration, or_null(run.participants), or_null(run.href),
        run.result);
}

} // namespace meshprobe
