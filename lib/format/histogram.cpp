#include "lib/format/histogram.hpp"

#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace meshprobe {

std::optional<Histogram> Histogram::read(const JsonValue& value) {
    Histogram histogram;
    for (const auto& [name, count] : JsonObject(value).members()) {
        // A name is a string value without its quotes.
        const auto bucket = to_number(JsonValue{std::string_view(name.data() - 1, name.size() + 2)});
        const auto packets = to_number(count);
        if (!bucket || !packets || packets->value < 0) return std::nullopt;
        if (packets->value > 0) histogram.buckets_.emplace_back(bucket->value, packets->value);
        histogram.count_ += packets->value;
    }
    if (histogram.buckets_.empty()) return std::nullopt;
    std::ranges::sort(histogram.buckets_);
    return histogram;
}

double Histogram::mean() const {
    double sum = 0;
    for (const auto& [value, count] : buckets_)
        sum += value * count;
    return sum / count_;
}

double Histogram::variance() const {
    const double middle = mean();
    double sum = 0;
    for (const auto& [value, count] : buckets_)
        sum += (value - middle) * (value - middle) * count;
    return sum / count_;
}

double Histogram::at_rank(double rank) const {
    double below = 0;
    for (const auto& [value, count] : buckets_) {
        below += count;
        if (rank <= below) return value;
    }
    return maximum();
}

double Histogram::percentile(double percent) const {
    const double place = percent / 100 * (count_ + 1);
    const double rank = std::floor(place);
    if (rank < 1) return minimum();
    if (rank >= count_) return maximum();
    const double lower = at_rank(rank);
    return lower + (place - rank) * (at_rank(rank + 1) - lower);
}

std::vector<double> Histogram::modes() const {
    double most = 0;
    for (const auto& [value, count] : buckets_)
        most = std::max(most, count);
    std::vector<double> modes;
    for (const auto& [value, count] : buckets_) {
        if (count == most) modes.push_back(value);
    }
    return modes;
}

} // namespace meshprobe
