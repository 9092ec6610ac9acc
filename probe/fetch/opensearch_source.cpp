#include "probe/fetch/opensearch_source.hpp"

#include "lib/pscheduler/opensearch_document.hpp"

#include <string_view>

namespace meshprobe {

namespace {

bool is_key(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void set(std::string& json_text, const std::string& address) {
    if (!address.empty())
        json_text = nlohmann::json(address).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// What the archive has found out says more than names do.
Result<RunRecord> read(const nlohmann::json& source) {
    const auto restored = restore_document(source);
    if (!restored) return fail(restored.error());
    auto record = read_run_record(restored->document.dump());
    if (!record) return record;
    const ArchivedAs& as = restored->archived_as;
    SeriesSubject& subject = record->subject;
    if (is_key(as.key)) subject.key = as.key;
    set(subject.meta.source, as.source);
    set(subject.meta.destination, as.destination);
    set(subject.meta.measurement_agent, as.observer);
    return record;
}

} // namespace

Result<std::optional<RunSource::Page>> OpenSearchSource::next(const std::function<bool()>& stop) {
    const auto found = search_.next(stop);
    if (!found) return fail(found.error());
    if (!*found) return std::optional<Page>{};
    Page page;
    page.date = (*found)->date;
    page.arrived_until = (*found)->arrived_until;
    for (const auto& document : (*found)->documents) {
        auto result = read(document);
        if (result) {
            page.results.push_back(std::move(*result));
        } else if (page.skipped++ == 0) {
            page.first_skipped = result.error().message;
        }
    }
    return std::optional(std::move(page));
}

} // namespace meshprobe
