#include "probe/backfill/series_slices.hpp"

#include "lib/summary_name.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace meshprobe {

SeriesSlices::SeriesSlices(SliceContext& context)
    : context_(context), book_(context.book),
      kinship_(book_.settings.paths, book_.settings.state_of, book_.checkpoint) {}

ReadFrom SeriesSlices::source() const {
    return contact_ ? ReadFrom{contact_->url, flavour_} : ReadFrom{};
}

std::uint64_t SeriesSlices::requests() const {
    return attempts_.requests + (contact_ ? contact_->session->requests() : 0);
}

std::uint64_t SeriesSlices::bytes() const {
    return attempts_.bytes + (contact_ ? contact_->session->bytes() : 0);
}

Timestamp SeriesSlices::now() const {
    const auto since = Collector::Clock::now() - contacted_;
    return contact_->plan.now + std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

Result<MetadataSearch::Page> SeriesSlices::make_first_contact(Timestamp since) {
    const auto& task = book_.settings.task;
    auto http = book_.http_settings(context_.keys);
    http.max_in_flight = context_.max_requests();
    const ContactSettings settings{.paths = book_.settings.paths,
                                   .http = std::move(http),
                                   .archives = book_.settings.measurement_archives,
                                   .event_types = context_.series(),
                                   .tests = task.select.tests,
                                   .rules = book_.rules,
                                   .clock = book_.clock(),
                                   .stop = [this] { return context_.stop.is_wanted(); }};
    Progress progress = book_.checkpoint.progress();
    if (progress.archive_url.empty() && context_.regular && context_.regular->state())
        progress = context_.regular->state()->progress;
    progress.since = since;
    progress.polled_until = 0; // as for a new host: everything since then is listed
    auto contact = make_contact(settings, progress, attempts_);
    const auto remembered = context_.keys.remember(context_.journal);
    if (!remembered) return fail(remembered.error());
    if (!contact) {
        wait_asked_ = attempts_.wait_asked;
        return fail(contact.error());
    }
    contacted_ = Collector::Clock::now();
    flavour_ = contact->page.flavour != Flavour::unknown ? contact->page.flavour
                                                         : to_series_flavour(progress.flavour);
    auto page = std::move(contact->page);
    contact_ = std::move(*contact);
    return page;
}

Result<MetadataSearch::Page> SeriesSlices::list(Timestamp since) {
    wait_asked_.reset();
    if (!contact_) return make_first_contact(since);
    contact_->search =
        std::make_unique<MetadataSearch>(*contact_->session, contact_->url, std::max<Timestamp>(since, 1),
                                         context_.series(), book_.settings.task.select.tests);
    auto page = contact_->search->next([this] { return context_.stop.is_wanted(); });
    if (!page) {
        wait_asked_ = contact_->search->wait_asked();
        return fail(page.error());
    }
    if ((*page)->flavour != Flavour::unknown) flavour_ = (*page)->flavour;
    return std::move(**page);
}

/// What is to be asked for of a series: the ranges that concern it, each second once.
std::vector<Window> SeriesSlices::windows(const BackfillSlice& slice, const std::string& id,
                                          const EventType& type, SliceResult& result) const {
    std::vector<Window> windows;
    // What arrived before a range begins was not measured in it.
    const bool tells_arrival = flavour_ == Flavour::esmond;
    if (tells_arrival && !type.time_updated) return windows;
    const Timestamp arrived = tells_arrival ? *type.time_updated : 0;
    // Summaries may still change: the regular runs come for them.
    const auto summary = parse_summary_name(type.name);
    const Timestamp span = summary ? summary->seconds : 0;
    const Timestamp latest = settled_until(now(), span, book_.rules) - span;
    Timestamp covered = -1;
    for (const auto& range : slice.ranges) { // ascending
        if (!concerns(range, id)) continue;
        const Timestamp end = context_.end(range, id);
        if (end < range.until) result.left_from = std::min(result.left_from, end);
        for (const auto& part : context_.parts(range, id)) {
            const Window window{std::max(part.since, covered + 1),
                                std::min({part.until, end, latest + 1}) - 1};
            if (window.from > window.until) continue;
            if (arrived > 0 && arrived < window.from - book_.rules.overlap) continue;
            covered = window.until;
            const auto settled = settled_.find({id, window.from});
            if (settled == settled_.end() || settled->second < window.until) windows.push_back(window);
        }
    }
    return windows;
}

void SeriesSlices::add_jobs(const BackfillSlice& slice, MetadataSearch::Page& page, Collector& collector,
                            SliceResult& result) {
    for (const auto& entry : page.entries)
        book_.limits.note(entry);
    for (auto& entry : page.entries) {
        std::vector<EventType> types = std::exchange(entry.event_types, {});
        std::shared_ptr<const MetadataEntry> shared; // only of entries with something to ask for
        for (auto& type : types) {
            const std::string id = entry.key + " " + type.name;
            for (const Window& window : windows(slice, id, type, result)) {
                if (!shared) shared = std::make_shared<const MetadataEntry>(entry);
                asked_[{id, window.from}] = window.until;
                collector.add({.entry = shared,
                               .event_type = type.name,
                               .base_uri = type.base_uri,
                               .time_updated = {},
                               .plan = {.recent = window, .hole = {}, .deeper = {}}});
            }
        }
    }
    auto& tally = book_.summary.tally;
    tally.skipped_entries += page.skipped;
    if (tally.first_skipped.empty() && !page.reasons.empty()) tally.first_skipped = page.reasons.front();
    page.entries = {};
}

Status SeriesSlices::read_pages(const BackfillSlice& slice, MetadataSearch::Page first, Collector& collector,
                                SliceResult& result) {
    std::optional<MetadataSearch::Page> page = std::move(first);
    while (page) {
        if (auto sorted = kinship_.sort_out_as_guest(*page); !sorted) return sorted;
        add_jobs(slice, *page, collector, result);
        if (auto read = collector.read_recent(); !read) return read;
        if (collector.host_error()) {
            wait_asked_ = collector.wait_asked();
            return fail(*collector.host_error());
        }
        if (collector.is_cut_short()) return fail(ErrorKind::interrupted, "stopped between two pages");
        auto next = contact_->search->next([this] { return context_.stop.is_wanted(); });
        if (!next) {
            wait_asked_ = contact_->search->wait_asked();
            return fail(next.error());
        }
        page = std::move(*next);
    }
    return {};
}

Result<SliceResult> SeriesSlices::read(const BackfillSlice& slice) {
    if (slice.since != slice_since_) {
        settled_.clear();
        read_.clear();
    }
    slice_since_ = slice.since;
    asked_.clear();
    auto& tally = book_.summary.tally;
    tally.first_failure.clear();
    auto page = list(slice.since);
    if (!page) return fail(page.error());

    SliceResult result;
    Collector collector(*contact_->session, book_, now(), flavour_,
                        {.archive_url = contact_->url,
                         .max_requests = context_.max_requests(),
                         .catch_up_end = Collector::Clock::time_point::max(),
                         .stop = [this] { return context_.stop.is_wanted(); },
                         .page_size = &page_size_,
                         .on_settled =
                             [&](const SeriesJob& job, bool read) {
                                 const std::pair key{job.id(), job.plan.recent.from};
                                 settled_[key] = job.plan.recent.until;
                                 asked_.erase(key);
                                 if (read) read_.insert(job.id());
                             }});
    const auto read = read_pages(slice, std::move(*page), collector, result);
    // Also what was received before something went wrong: it need not be sent again.
    if (auto committed = collector.commit(); !committed) return fail(committed.error());
    if (!read) {
        page_size_.note_failure();
        return fail(read.error());
    }
    for (const auto& [key, until] : asked_) {
        const auto marks = book_.checkpoint.series().marks(key.first);
        const Timestamp had = marks ? std::min(marks->complete_until, marks->newest) : 0;
        result.failed.push_back({.series = key.first,
                                 .since = had >= key.second && had < until ? had + 1 : key.second,
                                 .until = until + 1});
    }
    result.read.assign(read_.begin(), read_.end());
    result.first_failure = tally.first_failure;
    if (kinship_.left_to_others() > 0) result.left_to = kinship_.others();
    return result;
}

} // namespace meshprobe
