#include "lib/format/raw_summaries.hpp"

#include "lib/format/raw_meta.hpp"
#include "lib/summary_name.hpp"

#include <fmt/format.h>

#include <iterator>

namespace meshprobe {

namespace {

constexpr std::string_view end_of_summary_meta = R"(},"version":2,"summaries":[)";

} // namespace

RawSummaryFormat::RawSummaryFormat(const SeriesSubject& subject, std::string_view summary)
    : head_(raw_head(subject)) {
    const auto name = parse_summary_name(summary).value_or(SummaryName{});
    tail_ = fmt::format(
        R"(","event-type":"{0}","summaries":1{1}{{"event_type":"{0}","summary_type":"{2}","summary_window":"{3}","summary_data":[)",
        name.event_type, end_of_summary_meta, name.type, name.window);
}

void RawSummaryFormat::write(std::string& body, std::span<const Point> points,
                             std::chrono::system_clock::time_point published) const {
    body.assign(head_);
    append_published(body, published);
    body += tail_;
    for (const auto& point : points) {
        if (body.back() != '[') body += ',';
        fmt::format_to(std::back_inserter(body), "[{},", point.ts);
        append_ascii(body, point.value);
        body += ']';
    }
    body += "]}]}";
}

void RawSummaryFormat::add_limits(std::string& body, std::string_view limits) const {
    const auto end = body.find(end_of_summary_meta, head_.size());
    if (end != std::string::npos) body.insert(end, fmt::format(R"(,"limits":{})", limits));
}

} // namespace meshprobe
