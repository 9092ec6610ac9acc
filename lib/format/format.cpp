#include "lib/format/format.hpp"

#include "lib/format/esmond.hpp"
#include "lib/format/lines.hpp"
#include "lib/format/opensearch.hpp"
#include "lib/format/pscheduler.hpp"
#include "lib/format/raw.hpp"

#include <fmt/core.h>

namespace meshprobe {

void Format::add_limits(std::string& body, std::string_view limits) const {
    if (!body.ends_with('}')) return;
    body.insert(body.size() - 1, fmt::format(R"(,"limits":{})", limits));
}

std::unique_ptr<Format> make_format(std::string_view name, const SeriesSubject& subject,
                                    std::string_view event_type) {
    if (name == "raw") return std::make_unique<RawFormat>(subject, event_type);
    if (name == "esmond") return std::make_unique<EsmondFormat>(subject, event_type);
    if (name == "pscheduler") return std::make_unique<PschedulerFormat>(subject, event_type);
    if (name == "opensearch") return std::make_unique<OpensearchFormat>(subject, event_type);
    if (name == "lines") return std::make_unique<LinesFormat>(subject, event_type);
    return nullptr;
}

} // namespace meshprobe
