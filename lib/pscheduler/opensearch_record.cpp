#include "lib/pscheduler/opensearch_record.hpp"

#include "lib/pscheduler/opensearch_document.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

namespace {

/// elmond's, or the shorter one of a document of format `opensearch`.
bool is_key(std::string_view text) {
    return (text.size() == 64 || text.size() == 32) &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void set(std::string& json_text, const std::string& address) {
    if (!address.empty())
        json_text = nlohmann::json(address).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

} // namespace

Result<RunRecord> read_archived_run(const nlohmann::json& source) {
    const auto restored = restore_document(source);
    if (!restored) return fail(restored.error());
    auto record = read_run_record(restored->document.dump());
    if (!record) return record;
    for (const auto& problem : restored->problems)
        record->problems.push_back(problem);
    const ArchivedAs& as = restored->archived_as;
    SeriesSubject& subject = record->subject;
    if (is_key(as.key)) subject.key = as.key;
    // What the archive has found out says more than names do.
    set(subject.meta.source, as.source);
    set(subject.meta.destination, as.destination);
    set(subject.meta.measurement_agent, as.observer);
    return record;
}

} // namespace meshprobe
