#include "lib/pscheduler/event_values.hpp"

#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace meshprobe {

namespace {

bool is_absent(const JsonValue& value) {
    return value.text.empty() || value.is_null();
}

std::string as_float(double number) {
    std::string text;
    append_float(text, number);
    return text;
}

/// What is below is counted exactly by a double; no counter comes near.
constexpr double largest_count = 9007199254740992;

} // namespace

void EventValues::refuse(std::string_view event_type, std::string_view expected, const JsonValue& value) {
    constexpr std::size_t most_shown = 40;
    std::string shown;
    append_ascii(shown, value);
    if (shown.size() > most_shown) shown = shown.substr(0, most_shown) + "...";
    problems_.push_back({std::string(event_type), fmt::format("expected {}, got {}", expected, shown)});
}

void EventValues::add_integer(std::string_view event_type, const JsonValue& value) {
    if (is_absent(value)) return;
    const auto number = to_number(value);
    if (!number) return refuse(event_type, "a number", value);
    add_json(event_type, as_float(std::trunc(number->value) + 0.0)); // no -0.0
}

void EventValues::add_float(std::string_view event_type, const JsonValue& value) {
    if (is_absent(value)) return;
    const auto number = to_number(value);
    constexpr double decimals = 10'000;
    if (!number || !std::isfinite(number->value * decimals)) return refuse(event_type, "a number", value);
    add_json(event_type, as_float(std::trunc(number->value * decimals) / decimals + 0.0));
}

void EventValues::add_rate(std::string_view event_type, const JsonValue& lost, const JsonValue& sent,
                           const JsonValue& told) {
    if (is_absent(lost) || is_absent(sent)) {
        const auto rate = to_number(told);
        if (rate && rate->value >= 0 && rate->value <= 1) add_json(event_type, as_float(rate->value));
        return;
    }
    const auto numerator = to_number(lost);
    const auto denominator = to_number(sent);
    if (!numerator || numerator->value < 0) return refuse(event_type, "a count of what was lost", lost);
    if (!denominator || denominator->value < 0) return refuse(event_type, "a count of what was sent", sent);
    if (std::trunc(denominator->value) == 0) return; // of nothing there is no rate
    add_json(event_type, as_float(numerator->value / denominator->value));
}

void EventValues::add_histogram(std::string_view event_type, const JsonValue& value) {
    if (is_absent(value)) return;
    if (!value.text.starts_with('{')) return refuse(event_type, "an object of buckets", value);
    const JsonObject buckets(value);
    if (buckets.members().empty()) return; // esmond takes no empty ones
    std::string json = "{";
    for (const auto& [bucket, count] : buckets.members()) {
        const auto number = to_number(count);
        const JsonValue name{std::string_view(bucket.data() - 1, bucket.size() + 2), false};
        if (!to_number(name)) return refuse(event_type, "buckets with numbers for names", name);
        if (!number || std::abs(number->value) > largest_count) return refuse(event_type, "a count", count);
        fmt::format_to(std::back_inserter(json), R"({}"{}":{})", json.size() > 1 ? "," : "", bucket,
                       static_cast<std::int64_t>(number->value));
    }
    add_json(event_type, json + '}');
}

void EventValues::add_json(std::string_view event_type, std::string json) {
    values_.push_back({std::string(event_type), std::move(json)});
}

} // namespace meshprobe
