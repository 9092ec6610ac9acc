#include "lib/pscheduler/run_record.hpp"

#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/run_subject.hpp"
#include "lib/pscheduler/test_values.hpp"

#include <array>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::string_view unspecified_failure =
    "The test failed for an unspecified reason. See the server logs of the testing host(s).";

using Map = void (*)(const TestRun&, EventValues&);
constexpr std::array<std::pair<std::string_view, Map>, 5> maps{{{"latency", map_latency},
                                                                {"latencybg", map_latency},
                                                                {"rtt", map_rtt},
                                                                {"throughput", map_throughput},
                                                                {"trace", map_trace}}};

std::string object(std::string_view name, const JsonValue& value, std::string_view otherwise) {
    std::string text = R"({")";
    text += name;
    text += "\":";
    if (is_truthy(value)) {
        append_json(text, value);
    } else {
        append_string(text, otherwise);
    }
    return text + '}';
}

void add_complete_result(const RunDocument& document, EventValues& values) {
    std::string raw;
    append_json(raw, document.result);
    values.add_json("pscheduler-raw", std::move(raw));
}

void add_success(const RunDocument& document, const TestRun& run, EventValues& values) {
    for (const auto& [test_type, map] : maps) {
        if (test_type == document.test_type) return map(run, values);
    }
    if (document.test_type == "disk-to-disk") values.add_integer("throughput", run.result["throughput"]);
    add_complete_result(document, values);
}

void add_failure(const RunDocument& document, const TestRun& run, EventValues& values) {
    values.add_json("failures", object("error", run.result["error"], unspecified_failure));
    // pScheduler: of these the archiver keeps the result in any case.
    if (document.test_type == "disk-to-disk" && !run.result.members().empty())
        add_complete_result(document, values);
}

} // namespace

Result<RunRecord> read_run_record(std::string_view text) {
    const auto document = RunDocument::parse(text);
    if (!document) return fail(document.error());
    auto subject = subject_of(*document);
    if (!subject) return fail(subject.error());
    const TestRun run{document->spec, JsonObject(document->result)};
    EventValues values;
    if (is_truthy(run.result["succeeded"])) {
        add_success(*document, run, values);
    } else {
        add_failure(*document, run, values);
    }
    if (!document->run_href.empty())
        values.add_json("pscheduler-run-href", object("href", {}, document->run_href));
    return RunRecord{std::move(*subject), document->start, values.values(), values.problems()};
}

} // namespace meshprobe
