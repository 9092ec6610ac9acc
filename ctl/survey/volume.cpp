#include "ctl/survey/volume.hpp"

#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace meshprobe::survey {

namespace {

std::uint64_t rounded(double number) {
    return number > 0 ? static_cast<std::uint64_t>(std::llround(std::min(number, 1e15))) : 0;
}

std::string span(std::int64_t seconds) {
    return format_duration(std::chrono::seconds(seconds));
}

} // namespace

Volume estimate(const std::vector<TypeSample>& samples) {
    Volume volume;
    double points = 0;
    double bytes = 0;
    std::uint64_t series = 0;
    std::uint64_t sampled = 0;
    std::uint64_t unknown = 0;
    std::int64_t shortest = 0;
    std::int64_t longest = 0;
    for (const TypeSample& sample : samples) {
        series += sample.series;
        if (sample.sampled == 0 || sample.window <= 0) {
            unknown += sample.series;
            continue;
        }
        sampled += sample.sampled;
        const double share = static_cast<double>(sample.series) / static_cast<double>(sample.sampled);
        const double days = static_cast<double>(sample.window) / static_cast<double>(day);
        points += static_cast<double>(sample.points) * share / days;
        bytes += static_cast<double>(sample.bytes) * share / days;
        shortest = shortest == 0 ? sample.window : std::min(shortest, sample.window);
        longest = std::max(longest, sample.window);
    }
    if (series == 0) {
        volume.per_day = 0;
        volume.basis = "no series was updated within a day";
        return volume;
    }
    if (sampled == 0) {
        volume.basis = fmt::format("none of {} series could be read", series);
        return volume;
    }
    volume.per_day = rounded(points);
    volume.bytes_per_day = rounded(bytes);
    volume.basis =
        fmt::format("{} of {} series that were updated within a day were read, the last {}{}", sampled,
                    series, span(shortest), longest > shortest ? " to " + span(longest) : "");
    if (unknown > 0) volume.basis += fmt::format("; {} that could not be read are not in it", unknown);
    return volume;
}

Volume counted_volume(std::uint64_t results, std::uint64_t bytes, std::int64_t window, bool of_runs) {
    const double days = static_cast<double>(std::max<std::int64_t>(window, 1)) / static_cast<double>(day);
    return {.per_day = rounded(static_cast<double>(results) / days),
            .bytes_per_day = rounded(static_cast<double>(bytes) / days),
            .of_runs = of_runs,
            .basis = fmt::format("all {} of {} were counted", of_runs ? "runs" : "points", span(window))};
}

} // namespace meshprobe::survey
