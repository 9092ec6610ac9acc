#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/iso_duration.hpp"
#include "lib/pscheduler/test_values.hpp"

#include <fmt/core.h>

#include <optional>

namespace meshprobe {

namespace {

class Tracing {
  public:
    [[nodiscard]] std::string path_json(const JsonValue& path) {
        std::string json = "[";
        unsigned ttl = 0;
        for (const auto& element : elements_of(path)) {
            if (ttl > 0) json += ',';
            append_hop(json, JsonObject(element), ++ttl);
        }
        return json + ']';
    }
    /// The smallest that any hop told.
    [[nodiscard]] const JsonValue& path_mtu() const { return smallest_; }

  private:
    void append_hop(std::string& json, const JsonObject& hop, unsigned ttl) {
        const auto copy = [&](std::string_view from, std::string_view to) {
            if (!is_truthy(hop[from])) return;
            json += fmt::format(R"(,"{}":)", to);
            append_json(json, hop[from]);
        };
        const bool failed = is_truthy(hop["error"]);
        json += fmt::format(R"({{"ttl":{},"query":1,"success":{})", ttl, failed ? 0 : 1);
        copy("error", "error-message");
        copy("ip", "ip");
        copy("hostname", "hostname");
        copy("as", "as");
        if (const auto rtt = to_duration(hop["rtt"])) {
            json += R"(,"rtt":)";
            append_float(json, to_seconds(*rtt) * 1000);
        }
        note_mtu(hop["mtu"]);
        if (!mtu_.text.empty()) {
            json += R"(,"mtu":)";
            append_json(json, mtu_);
        }
        json += '}';
    }

    /// A hop that does not tell has that of the one before it.
    void note_mtu(const JsonValue& mtu) {
        const auto number = to_number(mtu);
        if (!mtu.is_number() || !number) return;
        mtu_ = mtu;
        if (smallest_.text.empty() || number->value < smallest_number_) {
            smallest_ = mtu;
            smallest_number_ = number->value;
        }
    }

    JsonValue mtu_;
    JsonValue smallest_;
    double smallest_number_ = 0;
};

} // namespace

void map_trace(const TestRun& run, EventValues& values) {
    Tracing tracing;
    std::string first;
    std::string all = "[";
    for (const auto& path : elements_of(run.result["paths"])) {
        const auto json = tracing.path_json(path);
        if (all.size() > 1) all += ',';
        all += json;
        if (first.empty() && json != "[]") first = json;
    }
    all += ']';
    if (!first.empty()) values.add_json("packet-trace", first);
    const auto& smallest = tracing.path_mtu();
    values.add_integer("path-mtu", smallest.text.empty() ? run.result["mtu"] : smallest);
    if (unescape(run.spec["algorithm"]) == "paris-traceroute" && all != "[]")
        values.add_json("packet-trace-multi", all);
}

} // namespace meshprobe
