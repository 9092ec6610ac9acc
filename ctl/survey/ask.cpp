#include "ctl/survey/ask.hpp"

#include "ctl/survey/sample.hpp"
#include "lib/clock.hpp"
#include "lib/http/session.hpp"
#include "lib/units_of_measure.hpp"
#include "probe/contact.hpp"
#include "probe/fetch/archive_url.hpp"
#include "probe/fetch/opensearch_source.hpp"
#include "probe/fetch/pscheduler.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace meshprobe::survey {

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr unsigned most_run_pages = 20; ///< of an OpenSearch archive, 200 results each

Timestamp local_seconds() {
    return now_usec() / 1'000'000;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

class Asking {
  public:
    Asking(const Paths& paths, const Place& place, const Bounds& bounds, const std::function<bool()>& stop)
        : paths_(paths), proxy_(bounds.proxy), end_(Steady::now() + bounds.host),
          stop_([this, &stop] { return Steady::now() >= end_ || (stop && stop()); }) {
        report_.place = place;
        report_.now = local_seconds();
    }

    HostReport run() {
        const auto error = ask_series();
        if (!error) return std::move(report_);
        // Newer hosts may have one of these only. Who does not answer at all has none.
        const bool may_have_others = error->kind == ErrorKind::protocol || error->kind == ErrorKind::refused;
        if (may_have_others && (ask_opensearch() || ask_schedule())) return std::move(report_);
        report_.is_down = error->kind == ErrorKind::unreachable;
        report_.error =
            error->kind == ErrorKind::interrupted ? "no complete answer in time" : first_line(error->message);
        return std::move(report_);
    }

  private:
    HttpSession::Settings http() {
        Connection connection = Connection::with(Trust::first_use);
        connection.http_fallback = true;
        connection.proxy = proxy_;
        return {.connection = std::move(connection),
                .credential_user = "probe",
                .user_agent = "meshprobe/" MESHPROBE_VERSION,
                .decide_key = [this](const ShownKey& key) {
                    report_.certificate = {.pin = std::string(key.pin),
                                           .verified = key.verified,
                                           .problem = std::string(key.problem),
                                           .expires = key.expires};
                    return true;
                }};
    }

    void set_clock(std::optional<Timestamp> date) {
        const Timestamp here = local_seconds();
        report_.now = date.value_or(here);
        if (date) report_.skew = *date - here;
    }

    /// nullopt: it is an esmond or elmond.
    std::optional<Error> ask_series() {
        const ContactSettings settings{.paths = paths_,
                                       .http = http(),
                                       .archives = report_.place.urls,
                                       .event_types = default_event_types(),
                                       .tests = {},
                                       .rules = {.first_run = day},
                                       .clock = local_seconds(),
                                       .stop = stop_};
        ContactAttempts attempts;
        auto contact = make_contact(settings, Progress{}, attempts);
        if (!contact) return contact.error();
        report_.url = contact->url;
        if (report_.url.starts_with("http:")) report_.certificate = {};
        set_clock(contact->has_date ? std::optional(contact->plan.now) : std::nullopt);
        report_.looked_back = day;
        read_pages(*contact->search, std::move(contact->page));
        if (report_.entries == 0) look_further_back(*contact);
        const Samples samples = sample(*contact->session, report_.url, active_, report_.now, stop_);
        report_.volume = estimate(samples.types);
        const auto is_tried = [](const TypeSample& one) { return one.series > 0; };
        const auto is_read = [](const TypeSample& one) { return one.sampled > 0; };
        // The list is there, and nothing of what it lists: a collector gets nothing of it.
        if (std::ranges::any_of(samples.types, is_tried) && std::ranges::none_of(samples.types, is_read) &&
            !stop_())
            report_.error = "it lists results, and " + report_.volume.basis;
        report_.newest = std::max(report_.newest, samples.newest);
        report_.active = active_.count();
        finish_keys();
        return std::nullopt;
    }

    void look_further_back(const Contact& contact) {
        MetadataSearch search(*contact.session, report_.url, report_.now - longest_look,
                              default_event_types());
        auto page = search.next(stop_);
        report_.looked_back = longest_look;
        if (page && *page) {
            read_pages(search, std::move(**page));
        } else if (!page) {
            report_.remark = first_line(page.error().message);
        }
    }

    void read_pages(MetadataSearch& search, MetadataSearch::Page first) {
        std::optional<MetadataSearch::Page> page = std::move(first);
        while (page) {
            report_.kind = std::max(report_.kind, page->flavour);
            for (const MetadataEntry& entry : page->entries)
                note(entry);
            auto next = search.next(stop_);
            if (!next) {
                report_.remark =
                    "its list of metadata was not read to the end: " + first_line(next.error().message);
                return;
            }
            page = std::move(*next);
        }
    }

    void note(const MetadataEntry& entry) {
        if (entry.event_types.empty()) return;
        ++report_.entries;
        add_key(entry.key);
        for (const EventType& type : entry.event_types) {
            if (report_.kind ==
                Flavour::elmond) { // what it says of updates is worthless, but it lists only news
                if (report_.looked_back == day) active_.add(type.name, type.base_uri);
                continue;
            }
            if (!type.time_updated) continue;
            report_.newest = std::max(report_.newest, std::min(*type.time_updated, report_.now));
            if (*type.time_updated == 0 || *type.time_updated >= report_.now - day)
                active_.add(type.name, type.base_uri);
        }
    }

    void add_key(std::string_view key) { report_.keys.push_back(std::hash<std::string_view>{}(key)); }

    void finish_keys() {
        auto& keys = report_.keys;
        std::ranges::sort(keys);
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    }

    bool ask_opensearch() {
        for (const auto& url : service_urls(report_.place.urls, "/opensearch/", "", false)) {
            auto session = HttpSession::create(paths_, http());
            if (!session) return false;
            for (const std::int64_t back : {hour, day, longest_look}) {
                if (!read_results(*session, url, back)) return false;
                if (report_.entries > 0) break;
            }
            report_.url = url;
            report_.kind = Flavour::opensearch;
            return true;
        }
        return false;
    }

    /// False: no such archive answers.
    bool read_results(HttpSession& session, const std::string& url, std::int64_t back) {
        const Timestamp since = report_.now - back;
        OpenSearchSource source(session, url, since, {});
        std::uint64_t points = 0;
        std::uint64_t bytes = 0;
        Timestamp until = since;
        bool is_all = false;
        for (unsigned pages = 0; pages < most_run_pages && !is_all; ++pages) {
            const auto page = source.next(stop_);
            if (!page && pages == 0) return false;
            if (!page) report_.remark = first_line(page.error().message);
            if (!page) break;
            if (!*page) is_all = true;
            if (!*page) break;
            if (pages == 0) set_clock((*page)->date);
            until = std::max(until, (*page)->arrived_until);
            for (const RunRecord& run : (*page)->results) {
                points += run.values.size();
                for (const EventValue& value : run.values)
                    bytes += value.json.size();
                add_key(run.subject.key);
                report_.newest = std::max(report_.newest, std::min(run.ts, report_.now));
            }
        }
        report_.looked_back = back;
        finish_keys();
        report_.entries = report_.keys.size();
        report_.active = back <= day ? points > 0 ? report_.keys.size() : 0 : 0;
        report_.volume =
            back > day ? estimate({})
                       : counted_volume(points, bytes,
                                        is_all ? back : std::max<std::int64_t>(1, until - since), false);
        return true;
    }

    bool ask_schedule() {
        for (const auto& url : service_urls(report_.place.urls, "/pscheduler/", "", false)) {
            auto session = HttpSession::create(paths_, http());
            if (!session) return false;
            PScheduler scheduler(*session, url);
            for (const std::int64_t back : {hour, day}) {
                const auto schedule = scheduler.list({report_.now - back, report_.now}, {}, stop_);
                if (!schedule) return false;
                set_clock(schedule->date);
                report_.looked_back = back;
                for (const ScheduledRun& run : schedule->runs) {
                    add_key(run.task());
                    report_.newest = std::max(report_.newest, std::min(run.start, report_.now));
                }
                finish_keys();
                report_.entries = report_.active = report_.keys.size();
                report_.volume = counted_volume(schedule->runs.size(), 0, back, true);
                if (report_.entries > 0) break;
            }
            report_.url = url;
            report_.kind = Flavour::pscheduler;
            return true;
        }
        return false;
    }

    const Paths& paths_;
    const std::string& proxy_;
    Steady::time_point end_;
    std::function<bool()> stop_;
    HostReport report_;
    ActiveSeries active_;
};

} // namespace

std::vector<HostReport> ask_all(const Paths& paths, const std::vector<Place>& places, const Bounds& bounds,
                                const std::function<bool()>& stop) {
    std::vector<HostReport> reports(places.size());
    const auto end = Steady::now() + bounds.time;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t index = next++; index < places.size(); index = next++) {
            if (Steady::now() >= end || (stop && stop())) {
                reports[index].place = places[index];
                reports[index].error = "not asked: the time was over";
            } else {
                reports[index] = Asking(paths, places[index], bounds, stop).run();
            }
        }
    };
    std::vector<std::jthread> workers;
    for (std::size_t count = 0; count < std::min<std::size_t>(bounds.at_once, places.size()); ++count)
        workers.emplace_back(work);
    workers.clear(); // joins
    return reports;
}

} // namespace meshprobe::survey
