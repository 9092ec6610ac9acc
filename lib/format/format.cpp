#include "lib/format/format.hpp"

#include "lib/format/esmond.hpp"
#include "lib/format/lines.hpp"
#include "lib/format/opensearch.hpp"
#include "lib/format/pscheduler.hpp"
#include "lib/format/raw.hpp"
#include "lib/format/raw_summaries.hpp"
#include "lib/summary_name.hpp"

#include <fmt/core.h>

namespace meshprobe {

void Format::add_limits(std::string& body, std::string_view limits) const {
    if (!body.ends_with('}')) return;
    body.insert(body.size() - 1, fmt::format(R"(,"limits":{})", limits));
}

std::unique_ptr<Format> make_format(std::string_view name, const SeriesSubject& subject,
                                    std::string_view series) {
    if (is_summary(series) && !takes_summaries(name)) return nullptr;
    if (name == "raw" && is_summary(series)) return std::make_unique<RawSummaryFormat>(subject, series);
    if (name == "raw") return std::make_unique<RawFormat>(subject, series);
    if (name == "esmond") return std::make_unique<EsmondFormat>(subject, series);
    if (name == "pscheduler") return std::make_unique<PschedulerFormat>(subject, series);
    if (name == "opensearch") return std::make_unique<OpensearchFormat>(subject, series);
    if (name == "lines") return std::make_unique<LinesFormat>(subject, series);
    return nullptr;
}

} // namespace meshprobe
