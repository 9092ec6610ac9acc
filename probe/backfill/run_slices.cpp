#include "probe/backfill/run_slices.hpp"

#include "probe/fetch/archive_url.hpp"
#include "probe/fetch/opensearch_source.hpp"
#include "probe/fetch/pscheduler_source.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

/// OpenSearch is read in the order of arrival: what was measured in a slice has arrived so long after it.
constexpr Timestamp longest_delay = 6 * 3600;

} // namespace

RunSlices::RunSlices(SliceContext& context, Flavour flavour)
    : context_(context), book_(context.book), flavour_(flavour) {}

std::uint64_t RunSlices::requests() const {
    return session_ ? session_->requests() : 0;
}

std::uint64_t RunSlices::bytes() const {
    return session_ ? session_->bytes() : 0;
}

Status RunSlices::connect() {
    if (session_) return {};
    auto http = book_.http_settings(context_.keys);
    http.max_in_flight = context_.max_requests();
    auto session = HttpSession::create(book_.settings.paths, std::move(http));
    if (!session) return fail(session.error());
    session_ = std::make_unique<HttpSession>(std::move(*session));
    return {};
}

std::unique_ptr<RunSource> RunSlices::make_source(const std::string& url, const BackfillSlice& slice,
                                                  const RunCollector& collector) {
    const auto& tests = book_.settings.task.select.tests;
    if (flavour_ == Flavour::opensearch)
        return std::make_unique<OpenSearchSource>(*session_, url, slice.since, tests);
    return std::make_unique<PSchedulerSource>(
        *session_, PSchedulerSource::Settings{.url = url,
                                              .window = {slice.since, slice.until - 1},
                                              .tests = tests,
                                              .at_once = context_.max_requests(),
                                              .can_spare = [&collector](const SeriesSubject& subject,
                                                                        EventTypes types, Timestamp ts) {
                                                  return collector.can_spare(subject, types, ts);
                                              }});
}

Result<SliceResult> RunSlices::read_from(const std::string& url, const BackfillSlice& slice) {
    SliceResult result;
    const auto stop = [this] { return context_.stop.is_wanted(); };
    const auto takes = [&](std::string_view id, Timestamp ts) {
        return std::ranges::any_of(slice.ranges, [&](const BackfillRange& range) {
            if (!concerns(range, id)) return false;
            const Timestamp end = context_.end(range, id);
            if (end < range.until) result.left_from = std::min(result.left_from, end);
            if (ts < range.since || end <= ts) return false;
            return std::ranges::any_of(context_.parts(range, id), [ts](const BackfillRange& part) {
                return part.since <= ts && ts < part.until;
            });
        });
    };
    RunCollector collector(book_, book_.clock(), flavour_,
                           {.event_types = context_.event_types(), .stop = stop, .takes = takes});
    const auto source = make_source(url, slice, collector);
    auto& tally = book_.summary.tally;
    tally.first_failure.clear();
    std::uint64_t failures = 0;
    while (true) {
        auto page = source->next(stop);
        if (!page) {
            wait_asked_ = source->wait_asked();
            static_cast<void>(collector.settle(std::nullopt));
            static_cast<void>(book_.batch.commit());
            return fail(page.error());
        }
        if (!*page) break;
        url_ = url;
        for (const auto& record : (*page)->results)
            collector.take(record);
        failures += (*page)->failed;
        if (tally.first_failure.empty()) tally.first_failure = (*page)->first_failure;
        if (auto settled = collector.settle(std::nullopt); !settled) return fail(settled.error());
        const bool is_behind =
            flavour_ == Flavour::opensearch && (*page)->arrived_until > slice.until + longest_delay;
        if (is_behind) break;
    }
    if (auto committed = book_.batch.commit(); !committed) return fail(committed.error());
    if (failures > 0 || !collector.failed().empty()) result.failed = slice.ranges;
    for (const auto& range : slice.ranges)
        result.read.push_back(range.series);
    result.first_failure = tally.first_failure;
    return result;
}

Result<SliceResult> RunSlices::read(const BackfillSlice& slice) {
    wait_asked_.reset();
    if (auto connected = connect(); !connected) return fail(connected.error());
    if (!url_.empty()) return read_from(url_, slice);
    const std::string_view path = flavour_ == Flavour::opensearch ? "/opensearch/" : "/pscheduler/";
    const auto& known = context_.regular && context_.regular->state()
                            ? context_.regular->state()->progress.archive_url
                            : book_.before.archive_url;
    std::optional<Error> first_error;
    for (const auto& url : service_urls(book_.settings.measurement_archives, path, known,
                                        book_.settings.task.connection.http_fallback)) {
        // Where anything has answered over https, nothing is tried over weaker transport.
        if (session_->connected() && !url.starts_with("https:") && url != known) continue;
        auto result = read_from(url, slice);
        const auto remembered = context_.keys.remember(context_.journal);
        if (!remembered) return fail(remembered.error());
        if (result || !url_.empty() || wait_asked_ || result.error().kind == ErrorKind::untrusted ||
            result.error().kind == ErrorKind::interrupted)
            return result;
        if (!first_error) first_error = result.error();
    }
    return fail(first_error.value_or(
        Error{ErrorKind::configuration, "no measurement archive is known for this host"}));
}

} // namespace meshprobe
