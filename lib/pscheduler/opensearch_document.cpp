#include "lib/pscheduler/opensearch_document.hpp"

#include <fmt/core.h>

#include <cmath>
#include <string_view>

namespace meshprobe {

namespace {

using nlohmann::json;

const json* find(const json& object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// "a.b.c": one member in the other.
const json* find_path(const json& object, std::string_view path) {
    const json* at = &object;
    while (at != nullptr && !path.empty()) {
        const auto end = path.find('.');
        at = find(*at, path.substr(0, end));
        path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    }
    return at;
}

std::string text_at(const json& object, std::string_view path) {
    const json* found = find_path(object, path);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

void copy(const json& from, std::string_view path, json& to, const char* name) {
    if (const json* found = find_path(from, path)) to[name] = *found;
}

/// {"values":[…],"counts":[…]} to {"value": count}: buckets of delays have two decimals, those of hops none.
json to_histogram(const json& parallel, bool is_delay) {
    json histogram = json::object();
    const json* values = find(parallel, "values");
    const json* counts = find(parallel, "counts");
    if (values == nullptr || counts == nullptr || !values->is_array() || !counts->is_array())
        return histogram;
    for (std::size_t i = 0; i < values->size() && i < counts->size(); ++i) {
        if (!(*values)[i].is_number() || !(*counts)[i].is_number()) continue;
        const auto value = (*values)[i].get<double>();
        if (!std::isfinite(value) || std::abs(value) > 1e15) continue;
        auto key = is_delay ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
        if (key == "-0.00" || key == "-0") key.erase(0, 1);
        histogram[key] = (*counts)[i];
    }
    return histogram;
}

void restore_latency(const json& result, json& restored) {
    copy(result, "packets.sent", restored, "packets-sent");
    copy(result, "packets.received", restored, "packets-received");
    copy(result, "packets.lost", restored, "packets-lost");
    copy(result, "packets.loss", restored, "loss");
    copy(result, "packets.duplicated", restored, "packets-duplicated");
    copy(result, "packets.reordered", restored, "packets-reordered");
    copy(result, "max_clock_error", restored, "max-clock-error");
    if (const json* delays = find_path(result, "latency.histogram"))
        restored["histogram-latency"] = to_histogram(*delays, true);
    if (const json* hops = find_path(result, "ttl.histogram"))
        restored["histogram-ttl"] = to_histogram(*hops, false);
}

void restore_throughput(const json& result, json& restored) {
    json summary = json::object();
    copy(result, "throughput", summary, "throughput-bits");
    copy(result, "retransmits", summary, "retransmits");
    copy(result, "packets_sent", summary, "sent");
    copy(result, "packets_lost", summary, "lost");
    copy(result, "jitter", summary, "jitter");
    copy(result, "rtt", summary, "rtt");
    restored["summary"] = {{"summary", std::move(summary)}};
    copy(result, "streams.json", restored["summary"], "streams");
    copy(result, "intervals.json", restored, "intervals");
    copy(result, "mss", restored, "mss");
    copy(result, "mtu", restored, "mtu");
}

std::string iso_seconds(const json& seconds) {
    return seconds.is_number() ? fmt::format("PT{}S", seconds.get<double>()) : std::string{};
}

void restore_round_trips(const json& result, json& restored) {
    copy(result, "packets.sent", restored, "sent");
    copy(result, "packets.received", restored, "received");
    copy(result, "packets.lost", restored, "lost");
    copy(result, "packets.loss", restored, "loss");
    copy(result, "packets.duplicated", restored, "duplicates");
    copy(result, "packets.reordered", restored, "reorders");
    copy(result, "packets.json", restored, "roundtrips");
    for (const char* name : {"min", "max", "mean", "stddev"}) {
        const json* value = find_path(result, fmt::format("rtt.{}", name));
        if (value != nullptr && value->is_number()) restored[name] = iso_seconds(*value);
    }
}

bool is_normalised(std::string_view test_type) {
    return test_type == "latency" || test_type == "latencybg" || test_type == "throughput" ||
           test_type == "rtt" || test_type == "trace";
}

json restore_result(const json& result, std::string_view test_type) {
    if (!is_normalised(test_type)) return result; // as the plug-in made it
    json restored = json::object();
    for (const char* name : {"succeeded", "error", "diags", "schema"})
        copy(result, name, restored, name);
    const json* succeeded = find(result, "succeeded");
    if (succeeded == nullptr || *succeeded != true) return restored;
    if (test_type == "latency" || test_type == "latencybg") {
        restore_latency(result, restored);
    } else if (test_type == "throughput") {
        restore_throughput(result, restored);
    } else if (test_type == "rtt") {
        restore_round_trips(result, restored);
    } else {
        copy(result, "json", restored, "paths");
        copy(result, "mtu", restored, "mtu");
    }
    return restored;
}

} // namespace

Result<RestoredDocument> restore_document(const json& source) {
    const json* result = find(source, "result");
    const auto type = text_at(source, "test.type");
    const auto start = text_at(source, "pscheduler.start_time");
    if (result == nullptr || !result->is_object() || type.empty() || start.empty())
        return fail(ErrorKind::protocol, "a document without result, test.type or pscheduler.start_time");

    RestoredDocument restored;
    restored.archived_as = {.key = text_at(source, "pscheduler.test_checksum"),
                            .source = text_at(source, "meta.source.ip"),
                            .destination = text_at(source, "meta.destination.ip"),
                            .observer = text_at(source, "meta.observer.ip")};
    json& document = restored.document;
    document["id"] = text_at(source, "pscheduler.run_id");
    document["schedule"]["start"] = start;
    if (const json* duration = find_path(source, "pscheduler.duration"))
        document["schedule"]["duration"] = iso_seconds(*duration);
    document["test"]["type"] = type;
    copy(source, "test.spec", document["test"], "spec");
    document["tool"]["name"] = text_at(source, "pscheduler.tool");
    copy(source, "pscheduler.participants", document, "participants");
    copy(source, "reference", document, "reference");
    json& run = document["run"];
    run["start-time"] = start;
    run["end-time"] = text_at(source, "pscheduler.end_time");
    run["href"] = text_at(source, "pscheduler.run_href");
    run["task-href"] = text_at(source, "pscheduler.task_href");
    document["result"] = restore_result(*result, type);
    return restored;
}

} // namespace meshprobe
