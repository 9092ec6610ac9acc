#include "probe/poll.hpp"

#include "lib/alias.hpp"
#include "lib/clock.hpp"
#include "lib/units_of_measure.hpp"
#include "probe/collector.hpp"
#include "probe/contact.hpp"
#include "probe/kinship.hpp"
#include "probe/subject_book.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr Timestamp hour = 3600;
constexpr Timestamp day = 86400;

std::vector<SegmentHeader> headers_for(const PollSettings& settings) {
    std::vector<SegmentHeader> headers;
    for (const auto& destination : settings.destinations) {
        headers.push_back({.instance = settings.instance.name(),
                           .host = settings.instance.host,
                           .task = settings.instance.task,
                           .archive = destination.archive,
                           .run = {},
                           .format = destination.label()});
    }
    return headers;
}

class Poll {
  public:
    Poll(const PollSettings& settings, Checkpoint& checkpoint, LimitSet& limits, Stop& stop,
         const Journal& journal, RunSummary& summary)
        : settings_(settings), checkpoint_(checkpoint), limits_(limits), stop_(stop), journal_(journal),
          summary_(summary), rules_(WindowRules::of(settings.task)), before_(checkpoint.progress()),
          kinship_(settings.paths, settings.state_of, checkpoint),
          outlets_(outlets_for(settings.destinations)), batch_(checkpoint, headers_for(settings)),
          subjects_(settings.paths, settings.state_of) {}

    void run(Contact& contact);
    /// False if there is nothing to collect under this name, or one cannot tell yet.
    [[nodiscard]] Result<bool> recognise(Contact& contact, const ContactSettings& contact_settings);
    [[nodiscard]] ContactSettings contact_settings(HostKeys& keys);
    [[nodiscard]] const Progress& progress() const { return before_; }

  private:
    [[nodiscard]] Status collect(Contact& contact, Collector& collector);
    [[nodiscard]] Result<bool> act_on(const Kin& kin);
    void add_jobs(MetadataSearch::Page& page, const PollPlan& plan, Collector& collector);
    void record_gap(const PollPlan& plan);
    [[nodiscard]] Status conclude(const Contact& contact, Collector& collector);
    void give_up_on(const std::vector<std::string>& series, Timestamp until);
    [[nodiscard]] Collector::Clock::time_point catch_up_end() const;
    void sum_up(const Contact& contact, const Collector& collector);
    [[nodiscard]] Timestamp newest_of_all() const;

    const PollSettings& settings_;
    Checkpoint& checkpoint_;
    LimitSet& limits_;
    Stop& stop_;
    const Journal& journal_;
    RunSummary& summary_;
    WindowRules rules_;
    Progress before_;
    Kinship kinship_;
    std::vector<Outlet> outlets_;
    Batch batch_;
    SubjectBook subjects_;
    Flavour flavour_ = Flavour::unknown;
    bool listed_ = false; ///< to the last page
};

ContactSettings Poll::contact_settings(HostKeys& keys) {
    const auto& task = settings_.task;
    return {.paths = settings_.paths,
            .http = {.connection = task.connection,
                     .credential_user = "probe",
                     .user_agent = "meshprobe/" MESHPROBE_VERSION,
                     .max_in_flight = std::max(1U, task.max_requests),
                     .inactivity = task.inactivity,
                     .interface =
                         task.context.type == ContextType::linuxvrf ? task.context.interface : std::string{},
                     .decide_key = keys.decision()},
            .archives = settings_.measurement_archives,
            .event_types = task.event_types,
            .tests = task.select.tests,
            .rules = rules_,
            .clock = (now_usec() + settings_.skew_usec) / 1'000'000,
            .stop = [this] { return stop_.is_wanted(); }};
}

/// New data must not wait for old: the next run begins after one interval.
Collector::Clock::time_point Poll::catch_up_end() const {
    const Microseconds least = std::chrono::minutes(1);
    const auto time = std::min(settings_.task.timeout, std::max(settings_.task.interval, least));
    return Collector::Clock::now() + time / 10 * 8;
}

Result<bool> Poll::recognise(Contact& contact, const ContactSettings& contact_settings) {
    if (!kinship_.is_first_contact()) return true;
    const auto kin = kinship_.recognise(contact, contact_settings);
    if (!kin) return fail(kin.error());
    return act_on(*kin);
}

Result<bool> Poll::act_on(const Kin& kin) {
    const Instance& self = settings_.instance;
    if (kin.is == Kin::Is::stranger) {
        if (auto removed = remove_alias_mark(settings_.paths, self); !removed) return fail(removed.error());
        return true;
    }
    if (kin.is == Kin::Is::undecided) {
        summary_.deferred =
            fmt::format("{} seems to be another name of {}: it is told once that one has been asked again",
                        self.host, kin.of);
        return false;
    }
    const auto mark = read_alias_mark(settings_.paths, self);
    const Instance other{self.task, kin.of};
    if (auto written = write_alias_mark(settings_.paths, self, other, true); !written)
        return fail(written.error());
    const bool is_news = !mark || !*mark || !(*mark)->decided || (*mark)->of != other;
    if (is_news) {
        journal_.log(Priority::notice, message::host_alias,
                     fmt::format("{}: alias of {}: it lists the same metadata keys, which are delivered once",
                                 self.host, kin.of),
                     {{"MESHPROBE_ALIAS_OF", kin.of}});
    }
    return false;
}

void Poll::run(Contact& contact) {
    flavour_ = contact.page.flavour != Flavour::unknown ? contact.page.flavour : to_flavour(before_.flavour);
    record_gap(contact.plan);
    Collector collector(*contact.session, checkpoint_, batch_, outlets_, limits_, summary_.tally,
                        contact.plan.now, flavour_,
                        {.archive_url = contact.url,
                         .max_requests = std::max(1U, settings_.task.max_requests),
                         .catch_up_end = catch_up_end(),
                         .stop = [this] { return stop_.is_wanted(); }});
    auto status = collect(contact, collector);
    if (!status && status.error().kind == ErrorKind::interrupted) status = {}; // what there is, is committed
    if (status) status = conclude(contact, collector);
    sum_up(contact, collector);
    summary_.interrupted = stop_.is_signalled();
    summary_.out_of_time = stop_.is_out_of_time();
    if (collector.host_error()) {
        summary_.error = collector.host_error();
        summary_.is_host_error = true;
    }
    if (!status) {
        summary_.error = status.error();
        summary_.is_host_error = false;
    }
}

void Poll::record_gap(const PollPlan& plan) {
    if (!plan.gap) return;
    // In one commit with the mark that keeps it from being recorded again.
    Progress jumped = before_;
    jumped.polled_until = plan.gap->until;
    batch_.add_gap(*plan.gap);
    batch_.set_progress(jumped);
    summary_.tally.gaps.push_back(*plan.gap);
}

void Poll::add_jobs(MetadataSearch::Page& page, const PollPlan& plan, Collector& collector) {
    for (auto& entry : page.entries) {
        std::vector<EventType> types = std::exchange(entry.event_types, {});
        std::shared_ptr<const MetadataEntry> shared; // only of entries that have news
        for (auto& type : types) {
            if (type.time_updated && *type.time_updated < 0) type.time_updated = 0;
            const auto marks = checkpoint_.series().marks(entry.key + " " + type.name);
            const auto series =
                plan_series(marks ? &*marks : nullptr, type.time_updated, plan, before_, rules_, flavour_);
            if (!series) continue;
            if (!shared) {
                subjects_.note(entry);
                shared = std::make_shared<const MetadataEntry>(entry);
            }
            collector.add({.entry = shared,
                           .event_type = std::move(type.name),
                           .base_uri = std::move(type.base_uri),
                           .time_updated = type.time_updated,
                           .plan = *series});
        }
    }
    summary_.tally.skipped_entries += page.skipped;
    if (summary_.tally.first_skipped.empty() && !page.reasons.empty()) {
        summary_.tally.first_skipped = page.reasons.front();
    }
    page.entries = {};
}

Status Poll::collect(Contact& contact, Collector& collector) {
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
            summary_.error = next.error();
            summary_.is_host_error = true;
            return {};
        }
        page = std::move(*next);
    }
    listed_ = true;
    return collector.read_holes();
}

Status Poll::conclude(const Contact& contact, Collector& collector) {
    const auto& plan = contact.plan;
    const bool through =
        listed_ && !collector.is_cut_short() && !collector.host_error() && !collector.has_holes();
    const PollOutcome outcome{.complete = through && collector.failed().empty(),
                              .held_by_failures = through && !collector.failed().empty(),
                              .out_of_time = stop_.is_out_of_time()};
    Progress next = advance(before_, plan, outcome, rules_);
    next.archive_url = contact.url;
    next.flavour = std::string(to_string(flavour_));
    const Timestamp held_at = plan.gap ? plan.gap->until : before_.polled_until;
    if (outcome.held_by_failures && !plan.first_contact && next.polled_until > held_at) {
        give_up_on(collector.failed(), next.polled_until);
    }
    if (auto committed = collector.commit(); !committed) return committed;
    if (auto written = subjects_.write(checkpoint_.series()); !written) return written;

    // A poll without news writes nothing; but where it read in vain what it had read before (elmond), the
    // mark moves on now and then, so that the re-reading ends; and once a day in any case, or a host that was
    // silent for longer than `catch-up` would seem not to have been polled.
    Progress same_but_polled = before_;
    same_but_polled.polled_until = next.polled_until;
    const bool only_polled = next == same_but_polled;
    const Timestamp moved = next.polled_until - before_.polled_until;
    const bool is_due = moved >= (summary_.tally.series_read > 0 ? hour : day);
    if (next == checkpoint_.progress() || (only_polled && batch_.commits() == 0 && !is_due)) return {};
    batch_.set_progress(next);
    return batch_.commit();
}

/// A series that failed for nearly as long as `catch-up` reaches no longer holds the others back: what of it
/// will not be looked at again is recorded.
void Poll::give_up_on(const std::vector<std::string>& series, Timestamp until) {
    for (const auto& id : series) {
        const auto marks = checkpoint_.series().marks(id);
        const Timestamp since = marks ? marks->complete_until : before_.polled_until;
        if (since >= until) continue;
        const Gap gap{.series = id, .since = since, .until = until, .reason = "the archive fails to give it"};
        batch_.add_gap(gap);
        summary_.tally.gaps.push_back(gap);
    }
}

Timestamp Poll::newest_of_all() const {
    Timestamp newest = summary_.tally.newest;
    const auto& series = checkpoint_.series();
    for (SeriesTable::Index i = 0; i < series.size(); ++i)
        newest = std::max(newest, series.marks(i).newest);
    return newest;
}

void Poll::sum_up(const Contact& contact, const Collector& collector) {
    auto& tally = summary_.tally;
    tally.dropped = limits_.dropped();
    tally.owed = collector.owed();
    summary_.points = batch_.points();
    summary_.messages = batch_.messages();
    summary_.gaps = checkpoint_.gaps().size();
    if (const auto newest = newest_of_all(); newest > 0) {
        summary_.lag_usec = std::max<Timestamp>(0, contact.plan.now - newest) * 1'000'000;
    }
    if (collector.wait_asked()) summary_.asked_not_before_usec = now_usec() + collector.wait_asked()->count();

    if (kinship_.left_to_others() > 0) {
        journal_.log(Priority::info,
                     fmt::format("{}: {} metadata entries are collected from other hosts that hold them, too",
                                 settings_.instance.host, kinship_.left_to_others()));
    }
    if (tally.skipped_entries > 0) {
        journal_.log(Priority::info, message::series_failed,
                     fmt::format("{}: {} metadata entries were left out, first {}", settings_.instance.host,
                                 tally.skipped_entries, tally.first_skipped));
    }
    if (tally.untransformed > 0) {
        journal_.log(
            Priority::warning, message::gap_recorded,
            fmt::format("{}: {} not sent where a transform could not make something of them, first {}; what "
                        "is missing is in the ledger (\"meshprobectl gaps {}\")",
                        settings_.instance.host, counted(tally.untransformed, "message"),
                        tally.first_untransformed, settings_.instance.host));
    }
    if (tally.future > 0) {
        journal_.log(Priority::info,
                     fmt::format("{}: {} results were dropped: more than 12 h in the future of its own clock",
                                 settings_.instance.host, tally.future));
    }
    if (tally.series_failed > 0) {
        journal_.log(Priority::info, message::series_failed,
                     fmt::format("{}: {} of {} series failed, first {}", settings_.instance.host,
                                 tally.series_failed, tally.series_read, tally.first_failure));
    }
}

} // namespace

void poll_host(const PollSettings& settings, Checkpoint& checkpoint, LimitSet& limits, HostKeys& keys,
               Stop& stop, const Journal& journal, RunSummary& summary) {
    Poll poll(settings, checkpoint, limits, stop, journal, summary);
    ContactAttempts attempts;
    const auto contact_settings = poll.contact_settings(keys);
    auto contact = make_contact(contact_settings, poll.progress(), attempts);
    const std::int64_t local = now_usec();
    const auto remembered = keys.remember(journal);
    summary.is_key_told = keys.was_rejected();
    if (contact && remembered) {
        if (contact->has_date) summary.skew_usec = contact->plan.now * 1'000'000 - local;
        if (const auto go_on = poll.recognise(*contact, contact_settings); !go_on) {
            summary.interrupted = go_on.error().kind == ErrorKind::interrupted;
            if (!summary.interrupted) {
                summary.error = go_on.error();
                summary.is_host_error = go_on.error().kind != ErrorKind::storage;
            }
        } else if (*go_on) {
            poll.run(*contact);
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
            summary.is_host_error = kind != ErrorKind::credentials && kind != ErrorKind::configuration &&
                                    kind != ErrorKind::internal && kind != ErrorKind::storage;
        }
        if (attempts.wait_asked) summary.asked_not_before_usec = local + attempts.wait_asked->count();
    }
    summary.requests += attempts.requests;
    summary.bytes += attempts.bytes;
}

} // namespace meshprobe
