#include "lib/pscheduler/run_record.hpp"

#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/run_subject.hpp"
#include "lib/pscheduler/test_values.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::string_view unspecified_failure =
    "The test failed for an unspecified reason. See the server logs of the testing host(s).";

using Types = std::span<const std::string_view>;

constexpr std::array<std::string_view, 10> latency_types{
    "histogram-owdelay", "histogram-ttl",      "packet-count-sent",    "packet-count-lost",
    "packet-reorders",   "packet-duplicates",  "time-error-estimates", "packet-loss-rate",
    "failures",          "pscheduler-run-href"};
constexpr std::array<std::string_view, 9> rtt_types{
    "packet-count-sent",  "packet-count-lost-bidir", "packet-duplicates-bidir", "packet-reorders-bidir",
    "histogram-rtt",      "histogram-ttl-reverse",   "packet-loss-rate-bidir",  "failures",
    "pscheduler-run-href"};
constexpr std::array<std::string_view, 21> throughput_types{"throughput",
                                                            "throughput-subintervals",
                                                            "streams-throughput",
                                                            "streams-throughput-subintervals",
                                                            "packet-retransmits",
                                                            "packet-retransmits-subintervals",
                                                            "streams-packet-retransmits",
                                                            "streams-packet-retransmits-subintervals",
                                                            "packet-rtt",
                                                            "packet-rtt-subintervals",
                                                            "streams-packet-rtt",
                                                            "streams-packet-rtt-subintervals",
                                                            "tcp-windowsize",
                                                            "tcp-windowsize-subintervals",
                                                            "streams-tcp-windowsize",
                                                            "streams-tcp-windowsize-subintervals",
                                                            "packet-count-sent",
                                                            "packet-count-lost",
                                                            "packet-loss-rate",
                                                            "failures",
                                                            "pscheduler-run-href"};
constexpr std::array<std::string_view, 5> trace_types{"packet-trace", "packet-trace-multi", "path-mtu",
                                                      "failures", "pscheduler-run-href"};
constexpr std::array<std::string_view, 4> other_types{"pscheduler-raw", "throughput", "failures",
                                                      "pscheduler-run-href"}; // of disk-to-disk

struct Mapping {
    std::string_view test_type;
    void (*map)(const TestRun&, EventValues&);
    Types types;
};
constexpr std::array<Mapping, 5> mappings{{{"latency", map_latency, latency_types},
                                           {"latencybg", map_latency, latency_types},
                                           {"rtt", map_rtt, rtt_types},
                                           {"throughput", map_throughput, throughput_types},
                                           {"trace", map_trace, trace_types}}};

const Mapping* mapping_of(std::string_view test_type) {
    const auto* const found = std::ranges::find(mappings, test_type, &Mapping::test_type);
    return found == mappings.end() ? nullptr : found;
}

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
    if (const auto* mapping = mapping_of(document.test_type)) return mapping->map(run, values);
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

std::span<const std::string_view> event_types_of(std::string_view test_type) {
    const auto* mapping = mapping_of(test_type);
    return mapping != nullptr ? mapping->types : Types(other_types);
}

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
