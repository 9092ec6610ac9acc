#include "lib/pscheduler/opensearch_document.hpp"

#include <fmt/core.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
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

/// The key of a bucket, in units of its width: pScheduler gives delays two decimals, hops none.
std::string bucket_name(double value, bool is_delay) {
    auto name = is_delay ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
    if (name == "-0.00" || name == "-0") name.erase(0, 1);
    return name;
}

/// {"values":[…],"counts":[…]} to {"value": count}. Values that round to one bucket are one, with all they
/// count.
std::optional<json> to_histogram(const json& parallel, double width, bool is_delay) {
    constexpr double largest = 9e15; // counted exactly
    const json* values = find(parallel, "values");
    const json* counts = find(parallel, "counts");
    if (values == nullptr || counts == nullptr || !values->is_array() || !counts->is_array() ||
        values->size() != counts->size())
        return std::nullopt;
    std::map<std::string, double> buckets;
    for (std::size_t i = 0; i < values->size(); ++i) {
        if (!(*values)[i].is_number() || !(*counts)[i].is_number()) return std::nullopt;
        const auto value = (*values)[i].get<double>() / width;
        if (!std::isfinite(value) || std::abs(value) > largest) return std::nullopt;
        double& count = buckets[bucket_name(value, is_delay)];
        count += (*counts)[i].get<double>();
        if (!std::isfinite(count) || std::abs(count) > largest) return std::nullopt;
    }
    json histogram = json::object();
    for (const auto& [name, count] : buckets)
        histogram[name] = static_cast<std::int64_t>(count);
    return histogram;
}

/// Of a test of delays, in milliseconds.
double bucket_width(const json& source) {
    constexpr double usual = 1;
    const json* seconds = find_path(source, "test.spec.bucket-width");
    const double width = seconds != nullptr && seconds->is_number() ? seconds->get<double>() * 1000 : usual;
    return std::isfinite(width) && width > 0 ? width : usual;
}

void restore_histogram(const json& histogram, double width, const char* name, RestoredDocument& restored,
                       json& result) {
    const bool is_delay = std::string_view(name) == "histogram-latency";
    if (auto buckets = to_histogram(histogram, width, is_delay)) {
        result[name] = std::move(*buckets);
    } else {
        restored.problems.push_back({is_delay ? "histogram-owdelay" : "histogram-ttl",
                                     "expected two lists of numbers, equally long"});
    }
}

void restore_latency(const json& source, const json& result, RestoredDocument& document, json& restored) {
    copy(result, "packets.sent", restored, "packets-sent");
    copy(result, "packets.received", restored, "packets-received");
    copy(result, "packets.lost", restored, "packets-lost");
    copy(result, "packets.loss", restored, "loss");
    copy(result, "packets.duplicated", restored, "packets-duplicated");
    copy(result, "packets.reordered", restored, "packets-reordered");
    copy(result, "max_clock_error", restored, "max-clock-error");
    if (const json* delays = find_path(result, "latency.histogram"))
        restore_histogram(*delays, bucket_width(source), "histogram-latency", document, restored);
    if (const json* hops = find_path(result, "ttl.histogram"))
        restore_histogram(*hops, 1, "histogram-ttl", document, restored);
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

json restore_result(const json& source, const json& result, std::string_view test_type,
                    RestoredDocument& document) {
    if (!is_normalised(test_type)) return result; // as the plug-in made it
    json restored = json::object();
    for (const char* name : {"succeeded", "error", "diags", "schema"})
        copy(result, name, restored, name);
    const json* succeeded = find(result, "succeeded");
    if (succeeded == nullptr || *succeeded != true) return restored;
    if (test_type == "latency" || test_type == "latencybg") {
        restore_latency(source, result, document, restored);
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
    document["result"] = restore_result(source, *result, type, restored);
    return restored;
}

} // namespace meshprobe
