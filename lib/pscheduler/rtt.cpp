#include "lib/pscheduler/iso_duration.hpp"
#include "lib/pscheduler/test_values.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <vector>

namespace meshprobe {

namespace {

/// Buckets in the order in which they came up.
class Histogram {
  public:
    void count(const std::string& bucket) {
        const auto [place, is_new] = places_.emplace(bucket, buckets_.size());
        if (is_new) buckets_.emplace_back(bucket, 0);
        ++buckets_[place->second].second;
    }
    [[nodiscard]] bool empty() const { return buckets_.empty(); }
    [[nodiscard]] std::string json() const {
        std::string text = "{";
        for (const auto& [bucket, count] : buckets_)
            fmt::format_to(std::back_inserter(text), R"({}"{}":{})", text.size() > 1 ? "," : "", bucket,
                           count);
        return text + '}';
    }

  private:
    std::map<std::string, std::size_t> places_;
    std::vector<std::pair<std::string, unsigned>> buckets_;
};

} // namespace

void map_rtt(const TestRun& run, EventValues& values) {
    const auto& result = run.result;
    values.add_integer("packet-count-sent", result["sent"]);
    values.add_integer("packet-count-lost-bidir", result["lost"]);
    values.add_integer("packet-duplicates-bidir", result["duplicates"]);
    values.add_integer("packet-reorders-bidir", result["reorders"]);
    Histogram times;
    Histogram ttls;
    for (const auto& element : elements_of(result["roundtrips"])) {
        const JsonObject roundtrip(element);
        if (const auto rtt = to_duration(roundtrip["rtt"]))
            times.count(fmt::format("{:.2f}", to_seconds(*rtt) * 1000));
        if (const auto ttl = to_integer(roundtrip["ttl"]); ttl && *ttl != 0) ttls.count(std::to_string(*ttl));
    }
    if (!times.empty()) values.add_json("histogram-rtt", times.json());
    if (!ttls.empty()) values.add_json("histogram-ttl-reverse", ttls.json());
    values.add_rate("packet-loss-rate-bidir", result["lost"], result["sent"], result["loss"]);
}

} // namespace meshprobe
