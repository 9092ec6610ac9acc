#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/test_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace meshprobe {

namespace {

/// What is told of the whole run, of each interval, and of the streams of either.
struct Measure {
    std::string_view member;
    std::string_view event_type;
    bool only_tcp;
};
constexpr std::array measures{
    Measure{"throughput-bits", "throughput", false}, Measure{"retransmits", "packet-retransmits", true},
    Measure{"rtt", "packet-rtt", true}, Measure{"tcp-window-size", "tcp-windowsize", true}};

/// In the order of streams: whole numbers by size, then texts.
struct StreamId {
    bool is_text = false;
    double number = 0;
    std::string text;
    auto operator<=>(const StreamId&) const = default;
};

std::optional<StreamId> stream_id(const JsonObject& stream) {
    const auto value = stream["stream-id"];
    if (value.is_string()) return StreamId{true, 0, unescape(value).value_or("")};
    if (const auto number = to_number(value)) return StreamId{false, number->value, {}};
    return std::nullopt;
}

std::string joined(const std::vector<std::string>& elements) {
    std::string json = "[";
    for (const auto& element : elements) {
        if (json.size() > 1) json += ',';
        json += element;
    }
    return json + ']';
}

/// {"start":…,"duration":…,"val":…}; empty: it does not tell when it was, or has no such value.
std::string subinterval(const JsonObject& times, const JsonValue& value) {
    const auto start = times["start"];
    const auto end = times["end"];
    const auto from = to_number(start);
    const auto until = to_number(end);
    if (!from || !until || value.text.empty() || value.is_null()) return {};
    std::string json = R"({"start":)";
    append_json(json, start);
    json += R"(,"duration":)";
    const double duration = until->value - from->value;
    if (from->is_whole && until->is_whole) {
        json += std::to_string(static_cast<std::int64_t>(duration));
    } else {
        append_float(json, duration);
    }
    json += R"(,"val":)";
    append_json(json, value);
    return json + '}';
}

class Throughput {
  public:
    Throughput(const TestRun& run, EventValues& values)
        : run_(run), values_(values), is_udp_(is_truthy(run.spec["udp"])) {
        const auto parallel = to_number(run.spec["parallel"]);
        has_streams_ = parallel && parallel->value > 1;
    }

    void map() {
        const auto summary = run_.result.object("summary");
        map_summary(summary.object("summary"));
        if (has_streams_) map_streams(summary["streams"]);
        const auto intervals = elements_of(run_.result["intervals"]);
        for (const auto& measure : measures) {
            if (measure.only_tcp && is_udp_) continue;
            map_intervals(measure, intervals);
            if (has_streams_) map_stream_intervals(measure, intervals);
        }
    }

  private:
    void map_summary(const JsonObject& summary) {
        for (const auto& measure : measures) {
            if (!measure.only_tcp || !is_udp_)
                values_.add_integer(measure.event_type, summary[measure.member]);
        }
        if (!is_udp_) return;
        values_.add_integer("packet-count-sent", summary["sent"]);
        values_.add_integer("packet-count-lost", summary["lost"]);
        values_.add_rate("packet-loss-rate", summary["lost"], summary["sent"]);
    }

    void map_streams(const JsonValue& value) {
        std::vector<std::pair<StreamId, JsonObject>> streams;
        for (const auto& element : elements_of(value)) {
            JsonObject stream(element);
            streams.emplace_back(stream_id(stream).value_or(StreamId{}), std::move(stream));
        }
        if (streams.empty()) return;
        std::ranges::stable_sort(streams, {}, [](const auto& stream) { return stream.first; });
        for (const auto& measure : measures) {
            if (measure.only_tcp && is_udp_) continue;
            const auto tells = [&](const auto& stream) { return stream.second.has(measure.member); };
            if (std::ranges::none_of(streams, tells)) continue;
            std::vector<std::string> elements;
            for (const auto& [id, stream] : streams) {
                // pScheduler: all others are listed only if there is something to tell.
                if (measure.only_tcp && !is_truthy(stream[measure.member])) continue;
                append_json(elements.emplace_back(), stream[measure.member]);
            }
            if (!elements.empty())
                values_.add_json("streams-" + std::string(measure.event_type), joined(elements));
        }
    }

    void map_intervals(const Measure& measure, const std::vector<JsonValue>& intervals) {
        std::vector<std::string> elements;
        for (const auto& interval : intervals) {
            const auto summary = JsonObject(interval).object("summary");
            if (auto json = subinterval(summary, summary[measure.member]); !json.empty())
                elements.push_back(std::move(json));
        }
        if (!elements.empty())
            values_.add_json(std::string(measure.event_type) + "-subintervals", joined(elements));
    }

    void map_stream_intervals(const Measure& measure, const std::vector<JsonValue>& intervals) {
        std::map<StreamId, std::vector<std::string>> streams;
        bool any = false;
        for (const auto& interval : intervals) {
            for (const auto& element : elements_of(JsonObject(interval)["streams"])) {
                const JsonObject stream(element);
                const auto id = stream_id(stream);
                if (!id) continue;
                auto& elements = streams[*id];
                if (auto json = subinterval(stream, stream[measure.member]); !json.empty()) {
                    elements.push_back(std::move(json));
                    any = true;
                }
            }
        }
        if (!any) return;
        std::vector<std::string> all;
        for (const auto& [id, elements] : streams)
            all.push_back(joined(elements));
        values_.add_json("streams-" + std::string(measure.event_type) + "-subintervals", joined(all));
    }

    const TestRun& run_;
    EventValues& values_;
    bool is_udp_;
    bool has_streams_ = false;
};

} // namespace

void map_throughput(const TestRun& run, EventValues& values) {
    Throughput(run, values).map();
}

} // namespace meshprobe
