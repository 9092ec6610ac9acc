#include "lib/format/raw_summaries.hpp"

#include "lib/format/raw_meta.hpp"

#include <fmt/format.h>

#include <iterator>

namespace meshprobe {

bool write_raw_summaries(std::string& body, const SeriesSubject& subject, std::string_view event_type,
                         std::span<const Summary> summaries,
                         std::chrono::system_clock::time_point published) {
    body = raw_head(subject);
    append_published(body, published);
    fmt::format_to(std::back_inserter(body),
                   R"(","event-type":"{}","summaries":1}},"version":2,"summaries":[)", event_type);
    for (const auto& summary : summaries) {
        if (summary.data.empty()) continue;
        if (body.back() != '[') body += ',';
        fmt::format_to(std::back_inserter(body),
                       R"({{"event_type":"{}","summary_type":"{}","summary_window":{},"summary_data":[)",
                       event_type, summary.type, summary.window);
        for (const auto& point : summary.data) {
            if (body.back() != '[') body += ',';
            fmt::format_to(std::back_inserter(body), "[{},", point.ts);
            append_ascii(body, point.value);
            body += ']';
        }
        body += "]}";
    }
    if (body.back() == '[') {
        body.clear();
        return false;
    }
    body += "]}";
    return true;
}

} // namespace meshprobe
