// What a series of summaries is called, wherever a series of results has its event type: esmond keeps, beside
// the results of an event type, what becomes of them over windows of time.
//
//   throughput/average/86400          EVENT-TYPE/SUMMARY-TYPE/WINDOW
//   histogram-owdelay/statistics/0    of each result, not of a window
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// Views of the name.
struct SummaryName {
    std::string_view event_type;
    std::string_view type;    ///< "aggregation", "average", "statistics"
    std::string_view window;  ///< as it is written in the name: decimal digits, no leading zero
    std::int64_t seconds = 0; ///< the same; 0, of statistics only: each is of one result

    static constexpr std::int64_t longest_window = 366LL * 86400;
};

/// nullopt: it is none, but an event type perhaps.
[[nodiscard]] std::optional<SummaryName> parse_summary_name(std::string_view name);

/// Whether the name of a series is that of summaries; of no other name it is said.
[[nodiscard]] inline bool is_summary(std::string_view series) {
    return series.find('/') != std::string_view::npos;
}

/// The event type that a series is about, of whatever kind it is.
[[nodiscard]] inline std::string_view event_type_of(std::string_view series) {
    return series.substr(0, series.find('/'));
}

} // namespace meshprobe
