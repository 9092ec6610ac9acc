#include "probe/limit/pair.hpp"

#include "lib/json_text/json_value.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

Result<std::vector<PairPattern>> parse_all(const std::vector<std::string>& texts) {
    std::vector<PairPattern> patterns;
    for (const auto& text : texts) {
        auto pattern = PairPattern::parse(text);
        if (!pattern) return fail(pattern.error());
        patterns.push_back(std::move(*pattern));
    }
    return patterns;
}

/// As measured, and as the test was told.
PairEnd end_of(const std::string& measured, const std::string& input) {
    PairEnd end;
    for (const auto& text : {measured, input})
        end.add(unescape({text, true}).value_or(""));
    return end;
}

} // namespace

Result<PairLimit> PairLimit::create(const std::vector<std::string>& allow,
                                    const std::vector<std::string>& deny) {
    PairLimit limit;
    auto allowed = parse_all(allow);
    if (!allowed) return fail(allowed.error());
    auto denied = parse_all(deny);
    if (!denied) return fail(denied.error());
    limit.allow_ = std::move(*allowed);
    limit.deny_ = std::move(*denied);
    return limit;
}

Result<bool> PairLimit::is_series_exceeded(const JudgedSeries& series) {
    const auto& meta = series.entry.meta;
    const auto source = end_of(meta.source, meta.input_source);
    const auto destination = end_of(meta.destination, meta.input_destination);
    const auto matches = [&](const PairPattern& pattern) { return pattern.matches(source, destination); };
    return std::ranges::any_of(deny_, matches) || (!allow_.empty() && std::ranges::none_of(allow_, matches));
}

} // namespace meshprobe
