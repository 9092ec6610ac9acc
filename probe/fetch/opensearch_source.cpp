#include "probe/fetch/opensearch_source.hpp"

#include "lib/pscheduler/opensearch_record.hpp"

namespace meshprobe {

Result<std::optional<RunSource::Page>> OpenSearchSource::next(const std::function<bool()>& stop) {
    const auto found = search_.next(stop);
    if (!found) return fail(found.error());
    if (!*found) return std::optional<Page>{};
    Page page;
    page.date = (*found)->date;
    page.arrived_until = (*found)->arrived_until;
    for (const auto& document : (*found)->documents) {
        auto result = read_archived_run(document);
        if (result) {
            page.results.push_back(std::move(*result));
        } else if (page.skipped++ == 0) {
            page.first_skipped = result.error().message;
        }
    }
    return std::optional(std::move(page));
}

} // namespace meshprobe
