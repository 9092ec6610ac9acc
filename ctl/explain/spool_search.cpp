#include "ctl/explain/spool_search.hpp"

#include "lib/json.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"
#include "lib/summary_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace meshprobe::explain {

namespace {

/// Of a spool with a backlog of days the oldest are looked at: they are what is about to be delivered.
constexpr std::size_t most_segments = 5000;

/// The body of a raw message: "datapoints" by time.
bool has_time_within(std::string_view body, Timestamp from, Timestamp until) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object()) return true;
    const auto points = json.find("datapoints");
    if (points == json.end() || !points->is_object()) return true;
    for (const auto& point : points->items()) {
        Timestamp ts = 0;
        const std::string& text = point.key();
        if (std::from_chars(text.data(), text.data() + text.size(), ts).ec == std::errc{} && ts >= from &&
            ts <= until)
            return true;
    }
    return false;
}

bool holds(const Segment& segment, const Search& search) {
    const bool is_raw = segment.header().format == "raw";
    return std::ranges::any_of(segment.messages(), [&](const Message& message) {
        if (!search.event_type.empty() && message.event_type != search.event_type) return false;
        // What failed and where it ran is no result.
        if (search.event_type.empty() &&
            (message.event_type == "failures" || message.event_type == "pscheduler-run-href" ||
             is_summary(message.event_type)))
            return false;
        const bool is_its = std::ranges::any_of(search.keys, [&](const std::string& key) {
            return message.body.find(key) != std::string_view::npos;
        });
        return is_its && (!is_raw || has_time_within(message.body, search.from, search.until));
    });
}

} // namespace

Status search_spool(const Paths& paths, const Search& search, ArchiveFacts& archive) {
    std::set<std::uint64_t> writers;
    for (const std::string& instance : search.instances)
        writers.insert(hash_instance_name(instance));
    const Spool spool(paths, archive.name);
    const auto look = [&](const std::vector<std::string>& names, bool is_failed) {
        std::size_t looked = 0;
        for (const std::string& name : names) {
            const auto parsed = parse_segment_name(name);
            if (!parsed || !writers.contains(parsed->instance_hash)) continue;
            if (++looked > most_segments) return;
            const auto segment = is_failed ? spool.read_failed(name) : spool.read(name);
            if (!segment || !*segment) continue; // delivered just now; damage is for the archiver to tell
            if (!holds(**segment, search)) continue;
            if (is_failed) {
                archive.refused = name;
                archive.reason = spool.failed_reason(name);
            } else {
                archive.queued = name;
                archive.queued_usec = parsed->usec;
            }
            return;
        }
    };
    if (search.keys.empty()) return {};
    const auto queued = spool.list();
    if (!queued) return fail(queued.error());
    look(*queued, false);
    const auto failed = spool.list_failed();
    if (!failed) return fail(failed.error());
    look(*failed, true);
    return {};
}

} // namespace meshprobe::explain
