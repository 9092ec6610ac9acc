#include "probe/run_poll.hpp"

#include "lib/clock.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "lib/units_of_measure.hpp"
#include "probe/contact.hpp"
#include "probe/fetch/archive_url.hpp"
#include "probe/fetch/http_source.hpp"
#include "probe/fetch/opensearch_source.hpp"
#include "probe/fetch/pscheduler_source.hpp"
#include "probe/run_collector.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace meshprobe {

namespace {

/// Clocks that differ by less are taken for equal.
constexpr Timestamp tolerance = 300;
/// The next search begins so much before what was seen last: results of one second need not be shown in it
/// together.
constexpr Timestamp doubt = 60;

class RunPoll {
  public:
    RunPoll(PollBook& book, Flavour flavour, Stop& stop, const Journal& journal)
        : book_(book), summary_(book.summary), flavour_(flavour), stop_(stop), journal_(journal) {}

    void run(HostKeys& keys);

  private:
    /// The host answers at `url` as a source of this kind: its first page.
    [[nodiscard]] Status contact(HttpSession& session, const std::string& url);
    [[nodiscard]] std::unique_ptr<RunSource> make_source(HttpSession& session, const std::string& url,
                                                         Timestamp since);
    [[nodiscard]] std::unique_ptr<RunSource> make_pscheduler(HttpSession& session, const std::string& url,
                                                             Window window);
    void plan(Timestamp now);
    [[nodiscard]] Result<std::optional<RunSource::Page>> next();
    [[nodiscard]] std::unique_ptr<RunCollector> make_collector();
    [[nodiscard]] std::vector<std::string> urls() const;
    [[nodiscard]] HttpSession::Settings http_settings(HostKeys& keys, const std::string& url) const;
    [[nodiscard]] Status read();
    [[nodiscard]] Status take(const RunSource::Page& page);
    [[nodiscard]] Status conclude(bool is_through);
    [[nodiscard]] std::optional<Progress> reached(const RunSource::Page& page) const;
    [[nodiscard]] bool has_failures() const { return failed_ > 0 || !collector_->failed().empty(); }
    void report();
    void blame(const Error& error);

    PollBook& book_;
    RunSummary& summary_;
    Flavour flavour_;
    Stop& stop_;
    const Journal& journal_;

    std::string url_;
    PollPlan plan_;
    std::unique_ptr<RunSource> source_;
    std::function<std::unique_ptr<RunSource>()> behind_gap_; ///< makes the one that goes on; empty: none does
    bool owes_before_gap_ = false; ///< what may have arrived during the gap was not all read yet
    std::unique_ptr<RunCollector> collector_;
    std::optional<RunSource::Page> page_;
    std::uint64_t failed_ = 0;
};

std::unique_ptr<RunSource> RunPoll::make_pscheduler(HttpSession& session, const std::string& url,
                                                    Window window) {
    return std::make_unique<PSchedulerSource>(
        session, PSchedulerSource::Settings{
                     .url = url,
                     .window = window,
                     .tests = book_.settings.task.select.tests,
                     .at_once = book_.settings.task.max_requests,
                     .can_spare = [this](const SeriesSubject& subject, EventTypes types, Timestamp ts) {
                         return collector_->can_spare(subject, types, ts);
                     }});
}

/// What was measured during a gap is not asked for.
std::unique_ptr<RunSource> RunPoll::make_source(HttpSession& session, const std::string& url,
                                                Timestamp since) {
    const auto& task = book_.settings.task;
    behind_gap_ = {};
    if (flavour_ == Flavour::http) {
        // Once a day the whole document, whatever the server says of it.
        return std::make_unique<HttpSource>(session, task.http, book_.settings.instance.host,
                                            plan_.reread ? std::string{} : book_.before.archive_url);
    }
    if (flavour_ == Flavour::opensearch) {
        const auto left_out =
            plan_.gap ? std::optional(Window{plan_.gap->since, plan_.gap->until - 1}) : std::nullopt;
        return std::make_unique<OpenSearchSource>(session, url, since, task.select.tests, left_out);
    }
    const Timestamp until = plan_.now + tolerance;
    if (!plan_.gap) return make_pscheduler(session, url, {since, until});
    behind_gap_ = [this, &session, url, from = plan_.gap->until, until] {
        return make_pscheduler(session, url, {from, until});
    };
    return make_pscheduler(session, url, {since, plan_.gap->since - 1});
}

void RunPoll::plan(Timestamp now) {
    plan_ = plan_poll(book_.before, now, book_.rules, flavour_);
    if (flavour_ != Flavour::http) book_.meet_recorded_gap(plan_);
    owes_before_gap_ = plan_.gap.has_value();
}

Status RunPoll::contact(HttpSession& session, const std::string& url) {
    plan(book_.clock());
    const Timestamp from = std::max<Timestamp>(1, plan_.search_from - (plan_.first_contact ? tolerance : 0));
    const auto begin = [&](Timestamp since) -> Status {
        collector_ = make_collector();
        source_ = make_source(session, url, since);
        auto page = next();
        if (!page) return fail(page.error());
        page_ = std::move(*page);
        return {};
    };
    const auto asked = std::chrono::steady_clock::now();
    if (auto begun = begin(from); !begun) return begun;
    if (!page_ || !page_->date || *page_->date > latest_timestamp) return {};
    note_clock(summary_, *page_->date, asked);
    const PollPlan guessed = plan_;
    plan(*page_->date);
    const bool is_guess_good = plan_.search_from >= from && plan_.gap == guessed.gap &&
                               std::abs(plan_.now - guessed.now) <= tolerance;
    if (is_guess_good) return {};
    if (flavour_ != Flavour::http) return begin(plan_.search_from);
    collector_ = make_collector(); // a document is the same from whenever on it is asked for
    return {};
}

std::unique_ptr<RunCollector> RunPoll::make_collector() {
    RunCollector::Settings settings{.event_types = book_.settings.task.event_types,
                                    .stop = [this] { return stop_.is_wanted(); }};
    if (flavour_ == Flavour::http) {
        // The program is chosen for one document, and picks what is wanted of it; but the past of a new host
        // is as long as that of any other.
        settings.event_types.clear();
        settings.takes = [since = plan_.since](std::string_view, Timestamp ts) { return ts >= since; };
    } else if (plan_.gap) {
        settings.takes = [since = plan_.gap->since, until = plan_.gap->until](
                             std::string_view, Timestamp ts) { return ts < since || until <= ts; };
    }
    return std::make_unique<RunCollector>(book_, plan_.now, flavour_, std::move(settings));
}

Result<std::optional<RunSource::Page>> RunPoll::next() {
    const auto stop = [this] { return stop_.is_wanted(); };
    auto page = source_->next(stop);
    if (!page || *page || !behind_gap_) return page;
    source_ = std::exchange(behind_gap_, {})();
    if (!has_failures()) owes_before_gap_ = false;
    return source_->next(stop);
}

HttpSession::Settings RunPoll::http_settings(HostKeys& keys, const std::string& url) const {
    auto settings = book_.http_settings(keys);
    const auto host = document_address("https://{host}/", book_.settings.instance.host);
    const bool is_its_own = flavour_ != Flavour::http || host_of_url(url) == host_of_url(host);
    // The key that is remembered is that of the host, and of no other server.
    if (!is_its_own && settings.connection.trust == Trust::first_use) settings.connection.trust = Trust::ca;
    return settings;
}

std::vector<std::string> RunPoll::urls() const {
    if (flavour_ == Flavour::http)
        return {document_address(book_.settings.task.http.url, book_.settings.instance.host)};
    const std::string_view path = flavour_ == Flavour::opensearch ? "/opensearch/" : "/pscheduler/";
    return service_urls(book_.settings.measurement_archives, path, book_.before.archive_url,
                        book_.settings.task.connection.http_fallback);
}

void RunPoll::blame(const Error& error) {
    summary_.interrupted = error.kind == ErrorKind::interrupted && stop_.is_signalled();
    summary_.out_of_time = error.kind == ErrorKind::interrupted && stop_.is_out_of_time();
    if (error.kind == ErrorKind::interrupted) return;
    summary_.error = error;
    summary_.is_host_error = error.kind != ErrorKind::credentials && error.kind != ErrorKind::configuration &&
                             error.kind != ErrorKind::internal && error.kind != ErrorKind::storage;
    if (const auto wait = source_ ? source_->wait_asked() : std::nullopt)
        summary_.asked_not_before_usec = now_usec() + wait->count();
}

void RunPoll::run(HostKeys& keys) {
    summary_.tally.counts_results = true;
    std::optional<Error> first_error;
    std::string answered; // its twin is not tried over weaker transport
    for (const auto& url : urls()) {
        if (differ_in_scheme_only(url, answered) && !url.starts_with("https:")) continue;
        auto session = HttpSession::create(book_.settings.paths, http_settings(keys, url));
        if (!session) return blame(session.error());
        const auto contacted = contact(*session, url);
        const auto remembered = keys.remember(journal_);
        summary_.is_key_told = keys.was_rejected();
        if (!remembered) return blame(remembered.error());
        if (contacted) {
            url_ = url;
            first_error.reset();
            if (const auto done = read(); !done) blame(done.error());
            if (const auto noted = keys.remember(journal_); !noted) blame(noted.error());
            summary_.is_key_told = keys.was_rejected();
            report();
        } else if (!first_error) {
            first_error = contacted.error();
        }
        if (session->connected()) answered = url;
        summary_.requests += session->requests();
        summary_.bytes += session->bytes();
        // They refer to the session.
        const bool is_final = contacted || contacted.error().kind == ErrorKind::untrusted ||
                              contacted.error().kind == ErrorKind::interrupted || source_->wait_asked();
        if (is_final && first_error) blame(*first_error);
        behind_gap_ = {};
        source_.reset();
        collector_.reset();
        if (is_final) return;
    }
    if (!first_error) return;
    if (answered.empty() && flavour_ != Flavour::http && !book_.settings.task.connection.http_fallback)
        hint_at_plain_http(*first_error);
    blame(*first_error);
}

/// What arrived until shortly before the last result of the page has been taken: a run that ends early need
/// not begin from the start again.
std::optional<Progress> RunPoll::reached(const RunSource::Page& page) const {
    if (has_failures() || page.arrived_until <= doubt) return std::nullopt;
    Progress progress = book_.checkpoint.progress();
    const Timestamp until = std::min(page.arrived_until, plan_.now) - doubt;
    if (until <= std::max(progress.polled_until, plan_.gap ? plan_.gap->until : 0)) return std::nullopt;
    progress.since = plan_.since;
    progress.polled_until = until;
    progress.archive_url = url_;
    progress.flavour = std::string(to_string(flavour_));
    return progress;
}

Status RunPoll::take(const RunSource::Page& page) {
    for (const RunRecord& result : page.results)
        collector_->take(result);
    if (collector_->failed().empty()) { // what a limit fails is to be asked for again
        for (const auto& [subject, ts] : page.empty)
            collector_->note_empty(subject, ts);
    }
    auto& tally = summary_.tally;
    tally.skipped_entries += page.skipped;
    if (tally.first_skipped.empty()) tally.first_skipped = page.first_skipped;
    tally.series_failed += page.failed;
    failed_ += page.failed;
    if (tally.first_failure.empty()) tally.first_failure = page.first_failure;
    return collector_->settle(reached(page));
}

Status RunPoll::read() {
    summary_.has_answered = true;
    if (plan_.gap) book_.record_gap(*plan_.gap);
    Status status;
    while (page_) {
        if (status = take(*page_); !status) return status; // a local fault: nothing of it is to be committed
        if (plan_.gap && !has_failures() && page_->arrived_until >= plan_.gap->until)
            owes_before_gap_ = false;
        auto next_page = next();
        if (!next_page) {
            status = fail(next_page.error());
            break;
        }
        page_ = std::move(*next_page);
    }
    const auto concluded = conclude(status.has_value());
    return concluded ? status : concluded;
}

Status RunPoll::conclude(bool is_through) {
    const PollOutcome outcome{.complete = is_through && !has_failures(),
                              .held_by_failures = is_through && has_failures(),
                              .out_of_time = stop_.is_out_of_time(),
                              .flavour = flavour_};
    if (owes_before_gap_ && !outcome.complete) {
        Gap gap = *plan_.gap; // the next run begins behind it
        gap.since = plan_.before_gap;
        gap.until = plan_.gap->since;
        book_.record_gap(gap);
    }
    const auto version = outcome.complete ? source_->version() : std::string{};
    Progress next = book_.next(plan_, outcome, {version.empty() ? url_ : version, flavour_});
    next.polled_until = std::max(next.polled_until, book_.checkpoint.progress().polled_until);
    return book_.close(next);
}

void RunPoll::report() {
    auto& tally = summary_.tally;
    book_.sum_up(plan_.now, journal_);
    const auto& host = book_.settings.instance.host;
    if (tally.skipped_entries > 0) {
        journal_.log(
            Priority::info, message::series_failed,
            fmt::format("{}: {} left out, first {}", host, text_of_skipped(tally), tally.first_skipped));
    }
    if (failed_ > 0) {
        journal_.log(Priority::info, message::series_failed,
                     fmt::format("{}: {} could not be fetched, first {}", host, counted(failed_, "result"),
                                 tally.first_failure));
    }
}

} // namespace

void poll_runs(PollBook& book, Flavour flavour, HostKeys& keys, Stop& stop, const Journal& journal) {
    RunPoll(book, flavour, stop, journal).run(keys);
}

} // namespace meshprobe
