#include "probe/series_poll.hpp"

#include "lib/alias.hpp"
#include "lib/clock.hpp"
#include "lib/summary_name.hpp"
#include "lib/units_of_measure.hpp"
#include "probe/collector.hpp"
#include "probe/contact.hpp"
#include "probe/kinship.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

class SeriesPoll {
  public:
    SeriesPoll(PollBook& book, Stop& stop, const Journal& journal)
        : book_(book), settings_(book.settings), stop_(stop), journal_(journal),
          kinship_(settings_.paths, settings_.state_of, book.checkpoint) {}

    void run(Contact& contact);
    /// False if there is nothing to collect under this name, or one cannot tell yet.
    [[nodiscard]] Result<bool> recognise(Contact& contact, const ContactSettings& contact_settings);
    [[nodiscard]] ContactSettings contact_settings(HostKeys& keys);

  private:
    [[nodiscard]] Status collect(Contact& contact, Collector& collector);
    [[nodiscard]] Result<bool> act_on(const Kin& kin);
    void add_jobs(MetadataSearch::Page& page, const PollPlan& plan, Collector& collector);
    void record_what_was_not_read_before_it(const PollPlan& plan, const Collector& collector);
    [[nodiscard]] std::optional<SeriesPlan> plan_of(const EventType& type, const SeriesMarks* marks,
                                                    const PollPlan& plan) const;
    [[nodiscard]] Status conclude(const Contact& contact, Collector& collector);
    [[nodiscard]] Collector::Clock::time_point catch_up_end() const;
    void sum_up(const Contact& contact, const Collector& collector);

    PollBook& book_;
    const PollSettings& settings_;
    Stop& stop_;
    const Journal& journal_;
    Kinship kinship_;
    Flavour flavour_ = Flavour::unknown;
    bool listed_ = false; ///< to the last page
};

ContactSettings SeriesPoll::contact_settings(HostKeys& keys) {
    const auto& task = settings_.task;
    return {.paths = settings_.paths,
            .http = book_.http_settings(keys),
            .archives = settings_.measurement_archives,
            .event_types = task.series(),
            .tests = task.select.tests,
            .rules = book_.rules,
            .clock = book_.clock(),
            .stop = [this] { return stop_.is_wanted(); }};
}

/// New data must not wait for old: the next run begins after one interval.
Collector::Clock::time_point SeriesPoll::catch_up_end() const {
    const Microseconds least = std::chrono::minutes(1);
    const auto time = std::min(settings_.task.timeout, std::max(settings_.task.interval, least));
    return Collector::Clock::now() + time / 10 * 8;
}

Result<bool> SeriesPoll::recognise(Contact& contact, const ContactSettings& contact_settings) {
    if (!kinship_.is_first_contact()) return true;
    const auto kin = kinship_.recognise(contact, contact_settings);
    if (!kin) return fail(kin.error());
    return act_on(*kin);
}

Result<bool> SeriesPoll::act_on(const Kin& kin) {
    const Instance& self = settings_.instance;
    if (kin.is == Kin::Is::stranger) {
        if (auto removed = remove_alias_mark(settings_.paths, self); !removed) return fail(removed.error());
        return true;
    }
    if (kin.is == Kin::Is::undecided) {
        book_.summary.deferred =
            fmt::format("{} seems to be another name of {}: it is told once that one has been asked again",
                        self.host, kin.of);
        return false;
    }
    const auto mark = read_alias_mark(settings_.paths, self);
    const Instance other{self.task, kin.of};
    if (auto written = write_alias_mark(settings_.paths, self, other, true); !written)
        return fail(written.error());
    book_.summary.is_alias = true;
    const bool is_news = !mark || !*mark || !(*mark)->decided || (*mark)->of != other;
    if (is_news) {
        journal_.log(Priority::notice, message::host_alias,
                     fmt::format("{}: alias of {}: it lists the same metadata keys, which are delivered once",
                                 self.host, kin.of),
                     {{"MESHPROBE_ALIAS_OF", kin.of}});
    }
    return false;
}

void SeriesPoll::run(Contact& contact) {
    flavour_ = contact.page.flavour != Flavour::unknown ? contact.page.flavour
                                                        : to_series_flavour(book_.before.flavour);
    book_.meet_recorded_gap(contact.plan);
    if (contact.plan.gap) book_.record_gap(*contact.plan.gap);
    Collector collector(*contact.session, book_, contact.plan.now, flavour_,
                        {.archive_url = contact.url,
                         .max_requests = std::max(1U, settings_.task.max_requests),
                         .catch_up_end = catch_up_end(),
                         .stop = [this] { return stop_.is_wanted(); }});
    auto status = collect(contact, collector);
    if (!status && status.error().kind == ErrorKind::interrupted) status = {}; // what there is, is committed
    if (status) status = conclude(contact, collector);
    sum_up(contact, collector);
    book_.summary.interrupted = stop_.is_signalled();
    book_.summary.out_of_time = stop_.is_out_of_time();
    book_.summary.is_source_failing = collector.is_failing();
    if (collector.host_error()) {
        book_.summary.error = collector.host_error();
        book_.summary.is_host_error = true;
    }
    if (!status) {
        book_.summary.error = status.error();
        book_.summary.is_host_error = false;
    }
}

std::optional<SeriesPlan> SeriesPoll::plan_of(const EventType& type, const SeriesMarks* marks,
                                              const PollPlan& plan) const {
    if (const auto summary = parse_summary_name(type.name)) {
        return plan_summary(marks, type.time_updated, summary->seconds, plan, book_.before, book_.rules,
                            flavour_);
    }
    return plan_series(marks, type.time_updated, plan, book_.before, book_.rules, flavour_);
}

void SeriesPoll::add_jobs(MetadataSearch::Page& page, const PollPlan& plan, Collector& collector) {
    for (const auto& entry : page.entries)
        book_.limits.note(entry);
    for (auto& entry : page.entries) {
        std::vector<EventType> types = std::exchange(entry.event_types, {});
        std::shared_ptr<const MetadataEntry> shared; // only of entries that have news
        for (auto& type : types) {
            if (type.time_updated && *type.time_updated < 0) type.time_updated = 0;
            const auto marks = book_.history.marks(entry, type.name, flavour_);
            const auto series = plan_of(type, marks ? &*marks : nullptr, plan);
            if (!series) continue;
            if (!shared) {
                book_.subjects.note(entry, flavour_);
                shared = std::make_shared<const MetadataEntry>(entry);
            }
            collector.add({.entry = shared,
                           .event_type = std::move(type.name),
                           .base_uri = std::move(type.base_uri),
                           .time_updated = type.time_updated,
                           .plan = *series});
        }
    }
    book_.summary.tally.skipped_entries += page.skipped;
    if (book_.summary.tally.first_skipped.empty() && !page.reasons.empty()) {
        book_.summary.tally.first_skipped = page.reasons.front();
    }
    page.entries = {};
}

Status SeriesPoll::collect(Contact& contact, Collector& collector) {
    const auto stop = [this] { return stop_.is_wanted(); };
    std::optional<MetadataSearch::Page> page = std::move(contact.page);
    // Page by page: an archive with very many entries is worked on in the memory of one page.
    while (page) {
        if (auto sorted = kinship_.sort_out(*page, contact.plan.reread); !sorted) return sorted;
        add_jobs(*page, contact.plan, collector);
        if (auto read = collector.read_recent(); !read) return read;
        if (collector.host_error()) return {};
        auto next = contact.search->next(stop);
        if (!next) {
            if (next.error().kind == ErrorKind::interrupted) return fail(next.error());
            book_.summary.error = next.error();
            book_.summary.is_host_error = true;
            return {};
        }
        page = std::move(*next);
    }
    listed_ = true;
    return collector.read_holes();
}

/// The next run begins behind the gap.
void SeriesPoll::record_what_was_not_read_before_it(const PollPlan& plan, const Collector& collector) {
    Gap gap = *plan.gap;
    gap.since = plan.before_gap;
    gap.until = plan.gap->since;
    if (!listed_ || collector.is_cut_short() || collector.host_error()) return book_.record_gap(gap);
    for (const auto& id : collector.failed()) {
        gap.series = id;
        book_.record_gap(gap);
    }
}

Status SeriesPoll::conclude(const Contact& contact, Collector& collector) {
    const auto& plan = contact.plan;
    const bool through =
        listed_ && !collector.is_cut_short() && !collector.host_error() && !collector.has_holes();
    const PollOutcome outcome{.complete = through && collector.failed().empty(),
                              .held_by_failures = through && !collector.failed().empty(),
                              .out_of_time = stop_.is_out_of_time(),
                              .flavour = flavour_};
    const Progress next = book_.next(plan, outcome, {contact.url, flavour_});
    if (plan.gap) record_what_was_not_read_before_it(plan, collector);
    const Timestamp held_at = plan.gap ? plan.gap->until : book_.before.polled_until;
    if (outcome.held_by_failures && !plan.first_contact && next.polled_until > held_at)
        book_.give_up_on(collector.failed(), next.polled_until);
    if (auto committed = collector.commit(); !committed) return committed;
    return book_.close(next);
}

void SeriesPoll::sum_up(const Contact& contact, const Collector& collector) {
    auto& tally = book_.summary.tally;
    tally.owed = collector.owed();
    book_.sum_up(contact.plan.now, journal_);
    if (collector.wait_asked())
        book_.summary.asked_not_before_usec = now_usec() + collector.wait_asked()->count();

    if (kinship_.left_to_others() > 0) {
        journal_.log(Priority::info,
                     fmt::format("{}: {} metadata entries are collected from other hosts that hold them, too",
                                 settings_.instance.host, kinship_.left_to_others()));
    }
    if (tally.skipped_entries > 0) {
        journal_.log(Priority::info, message::series_failed,
                     fmt::format("{}: {} left out, first {}", settings_.instance.host, text_of_skipped(tally),
                                 tally.first_skipped));
    }
    if (tally.series_failed > 0) {
        journal_.log(Priority::info, message::series_failed,
                     fmt::format("{}: {} of {} series failed, first {}", settings_.instance.host,
                                 tally.series_failed, tally.series_read, tally.first_failure));
    }
}

/// It was connected to, perhaps, but the time of the run was over before it had answered.
Error too_slow(const PollSettings& settings) {
    return {ErrorKind::unreachable,
            fmt::format("{}: no answer within the time of a run (timeout: {})",
                        settings.measurement_archives.front(), format_duration(settings.task.timeout))};
}

} // namespace

void poll_series(PollBook& book, HostKeys& keys, Stop& stop, const Journal& journal) {
    RunSummary& summary = book.summary;
    SeriesPoll poll(book, stop, journal);
    ContactAttempts attempts;
    const auto contact_settings = poll.contact_settings(keys);
    const auto asked = std::chrono::steady_clock::now();
    auto contact = make_contact(contact_settings, book.before, attempts);
    const std::int64_t local = now_usec();
    const auto remembered = keys.remember(journal);
    summary.is_key_told = keys.was_rejected();
    if (contact && remembered) {
        if (contact->has_date) note_clock(summary, contact->plan.now, asked);
        if (const auto go_on = poll.recognise(*contact, contact_settings); !go_on) {
            summary.interrupted = go_on.error().kind == ErrorKind::interrupted;
            if (!summary.interrupted) {
                summary.error = go_on.error();
                summary.is_host_error = go_on.error().kind != ErrorKind::storage;
            }
        } else if (*go_on) {
            poll.run(*contact);
            if (const auto noted = keys.remember(journal); !noted) summary.error = noted.error();
            summary.is_key_told = keys.was_rejected();
        }
        summary.requests += contact->session->requests();
        summary.bytes += contact->session->bytes();
    } else if (!remembered) {
        summary.error = remembered.error();
    } else {
        const auto kind = contact.error().kind;
        summary.interrupted = kind == ErrorKind::interrupted && stop.is_signalled();
        if (!summary.interrupted) {
            summary.error = contact.error();
            if (kind == ErrorKind::interrupted) summary.error = too_slow(book.settings);
            summary.is_host_error = kind != ErrorKind::credentials && kind != ErrorKind::configuration &&
                                    kind != ErrorKind::internal && kind != ErrorKind::storage;
        }
        if (attempts.wait_asked) summary.asked_not_before_usec = local + attempts.wait_asked->count();
    }
    summary.requests += attempts.requests;
    summary.bytes += attempts.bytes;
}

} // namespace meshprobe
