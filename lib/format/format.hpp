// How results are written down for those who read them: each format is one file, and all are made of the same
// records. meshprobe-formats(5) shows a body of each.
#pragma once

#include "lib/record/point.hpp"
#include "lib/record/subject.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace meshprobe {

/// Of one series: what all its messages have in common is made once, by the constructor.
class Format {
  public:
    Format() = default;
    Format(const Format&) = delete;
    Format& operator=(const Format&) = delete;
    virtual ~Format() = default;

    /// In one message; 1: each point is a message.
    [[nodiscard]] virtual std::size_t most_points() const = 0;

    /// Replaces `body` (used again by the next message) with the message of `points`: ascending, 1 to
    /// most_points() of them, and the 16 bytes behind each value can be read. The body is a line of ASCII
    /// (with `lines`: of UTF-8) without its end. `published` is the local time.
    virtual void write(std::string& body, std::span<const Point> points,
                       std::chrono::system_clock::time_point published) const = 0;

    /// To a body that write() made: `limits`, a JSON array of the names of those that flagged all its points.
    virtual void add_limits(std::string& body, std::string_view limits) const;
};

/// In the order of the manual.
inline constexpr std::array<std::string_view, 5> format_names{"raw", "esmond", "pscheduler", "opensearch",
                                                              "lines"};

/// `series`: an event type, or summaries of one (lib/summary_name.hpp). nullptr: there is no format of that
/// name, or none for summaries: those that are about one run, and what esmond takes, have no place for them.
[[nodiscard]] std::unique_ptr<Format> make_format(std::string_view name, const SeriesSubject& subject,
                                                  std::string_view series);
/// Whether messages of the format can be about summaries.
[[nodiscard]] constexpr bool takes_summaries(std::string_view format) {
    return format == "raw" || format == "lines";
}

} // namespace meshprobe
