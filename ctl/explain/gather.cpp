#include "ctl/explain/gather.hpp"

#include "ctl/coverage/compare.hpp"
#include "ctl/explain/spool_search.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/status/gather.hpp"
#include "lib/alias.hpp"
#include "lib/backfill/job.hpp"
#include "lib/checkpoint/subjects.hpp"
#include "lib/command_line.hpp"
#include "lib/host_record.hpp"
#include "lib/json.hpp"
#include "lib/mesh/state.hpp"
#include "probe/limit/limit.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

namespace meshprobe::explain {

namespace {

using coverage::Knowledge;
using coverage::Measured;
using State = status::InstanceStatus::State;

/// Where no mesh says how often a test runs.
constexpr std::int64_t assumed_every = 6 * 3600;
/// The times that archives keep are those when a run began, and of whole seconds.
constexpr std::int64_t least_every = 60;
/// Of larger fleets, only hosts of that name are asked whether they measure what no mesh expects.
constexpr std::size_t most_searched_hosts = 500;

bool is_run_result(std::string_view event_type) {
    return event_type != "failures" && event_type != "pscheduler-run-href";
}

std::string_view event_of_series(std::string_view series) {
    const auto blank = series.find(' ');
    return blank == std::string_view::npos ? std::string_view{} : series.substr(blank + 1);
}

std::string bare_name(const std::string& host) {
    const auto colon = host.rfind(':');
    const bool has_port = colon != std::string::npos && (host.front() != '[' || host.find(']') < colon);
    return has_port ? host.substr(0, colon) : host;
}

/// Some enabled task asks for it.
bool is_asked_for(const TaskSettings& task, const std::string& test_type, const std::string& event) {
    const auto& tests = task.select.tests;
    if (!tests.empty() && std::ranges::find(tests, test_type) == tests.end()) return false;
    if (!event.empty()) return std::ranges::find(task.event_types, event) != task.event_types.end();
    const auto types = coverage::result_types(test_type);
    return std::ranges::find_first_of(task.event_types, types) != task.event_types.end();
}

std::string why_not(const status::InstanceStatus& instance) {
    switch (instance.state) {
    case State::masked:
        return fmt::format("{} is masked; meshprobectl enable {} switches it on", instance.instance.timer(),
                           instance.instance.host);
    case State::off:
        return fmt::format("{} is switched off by the configuration{}{}", instance.instance.host,
                           instance.fault.empty() ? "" : ": ", instance.fault);
    case State::manual:
        return fmt::format("nobody has enabled {}, and its task leaves that to the administrator",
                           instance.instance.timer());
    case State::stopped:
        return fmt::format("{} is not active", instance.instance.timer());
    case State::failed:
        return fmt::format("{} has failed", instance.instance.timer());
    case State::alias:
        return fmt::format("{} is an alias of {}", instance.instance.host, instance.alias_of);
    case State::unknown:
    case State::waiting:
    case State::running:
        break;
    }
    return {};
}

/// The greatest that was sent within the range; 0: none.
Timestamp sent_within(const SeriesState& series, Timestamp from, Timestamp until) {
    const auto end = std::ranges::upper_bound(series.recent, until);
    if (end != series.recent.begin() && *(end - 1) >= from) return *(end - 1);
    return series.newest >= from && series.newest <= until ? series.newest : 0;
}

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string json_string(const std::string& text) {
    return text.empty() ? std::string{}
                        : nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

} // namespace

std::vector<ChainFacts> Gathering::gather() {
    std::vector<Wanted> wanted = find_expected();
    if (wanted.empty()) wanted = find_measured();
    std::vector<ChainFacts> chains;
    for (const Wanted& one : wanted)
        chains.push_back(facts_of(one));
    if (chains.empty()) {
        ChainFacts nothing;
        nothing.wanted.source = question_.source;
        nothing.wanted.destination = question_.destination;
        nothing.now = now_;
        nothing.is_about_now = !question_.at;
        nothing.stranger = find_stranger();
        chains.push_back(std::move(nothing));
    }
    std::ranges::sort(chains, {}, [](const ChainFacts& facts) {
        const Wanted& one = facts.wanted;
        return std::tie(one.source, one.destination, one.test.type, one.test.ip_version, one.archive);
    });
    unreadable_.insert(library_.unreadable().begin(), library_.unreadable().end());
    return chains;
}

std::vector<Wanted> Gathering::find_expected() {
    std::vector<Wanted> wanted;
    const auto meshes = list_mesh_states(paths_);
    if (!meshes) unreadable_.insert(meshes.error().message);
    for (const std::string& mesh : meshes ? *meshes : std::vector<std::string>{}) {
        const auto expected = read_expected(paths_, mesh);
        if (!expected) unreadable_.insert(expected.error().message);
        if (!expected || !*expected) continue;
        for (const auto& [address, node] : (*expected)->addresses) {
            names_.insert(lower_case(address));
            names_.insert(lower_case(node));
        }
        const Match match(question_, mesh, **expected);
        merge(wanted, match.find());
        merge(reverse_, match.find_reverse());
    }
    return wanted;
}

std::string Gathering::find_stranger() const {
    const std::vector<std::string_view> known(names_.begin(), names_.end());
    if (names_.empty()) {
        return "no mesh was refreshed yet, so nothing is known to be expected: run meshprobe-refresh, or see "
               "\"meshprobectl mesh list\"";
    }
    for (const std::string& end : {question_.source, question_.destination}) {
        if (end.empty() || names_.contains(lower_case(end))) continue;
        const auto meant = nearest(lower_case(end), known);
        return fmt::format("no mesh has an address or a machine {}{}", end,
                           meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : "");
    }
    return {};
}

std::vector<Wanted> Gathering::find_measured() {
    std::vector<Wanted> wanted;
    const auto hosts = every_host(paths_);
    if (!hosts) unreadable_.insert(hosts.error().message);
    const std::string prefix = coverage::pair_key(question_.source, question_.destination, "");
    for (const std::string& host : hosts ? *hosts : std::set<std::string>{}) {
        const bool is_named = bare_name(host) == question_.source || bare_name(host) == question_.destination;
        if (hosts->size() > most_searched_hosts && !is_named) continue;
        const Knowledge& knowledge = library_.about(host);
        if (knowledge.host != host) continue; // as much is found under the other name
        std::set<std::size_t> seen;
        for (auto entry = knowledge.by_pair.lower_bound(prefix);
             entry != knowledge.by_pair.end() && entry->first.starts_with(prefix); ++entry) {
            const std::string type = entry->first.substr(prefix.size());
            const Measured& measured = knowledge.measured[entry->second];
            if (question_.destination.empty() && measured.has_destination) continue;
            if (!may_yield(type, question_.what) || !seen.insert(entry->second).second) continue;
            ExpectedTest test;
            test.type = type;
            test.ip_version = measured.ip_version;
            merge(wanted, {{{}, test, question_.source, question_.destination, host}});
        }
    }
    return wanted;
}

ChainFacts Gathering::facts_of(const Wanted& wanted) {
    ChainFacts facts;
    facts.wanted = wanted;
    facts.now = now_;
    facts.is_about_now = !question_.at;
    event_ = event_of(question_, wanted.test.type);
    task_.reset();
    const Knowledge& knowledge = library_.about(wanted.archive);
    facts.host = knowledge.host;
    facts.interval = knowledge.interval;
    const int ip_version =
        wanted.test.ip_version != 0 ? wanted.test.ip_version : coverage::ip_version_of(wanted.source);
    const auto [begin, end] = knowledge.by_pair.equal_range(
        coverage::pair_key(wanted.source, wanted.destination, wanted.test.type));
    measured_.clear();
    for (auto entry = begin; entry != end; ++entry) {
        const Measured& measured = knowledge.measured[entry->second];
        if (ip_version == 0 || measured.ip_version == ip_version) measured_.push_back(&measured);
    }
    set_range(facts);
    look_at_instance(facts, knowledge);
    look_at_series(facts, knowledge);
    look_at_limits(facts, measured_.empty() ? nullptr : measured_.front());
    look_at_archives(facts, knowledge);
    facts.reverse_reports = reports_in_reverse(wanted, facts.from);
    return facts;
}

bool Gathering::reports_in_reverse(const Wanted& wanted, Timestamp from) {
    return std::ranges::any_of(reverse_, [&](const Wanted& other) {
        if (other.source != wanted.destination || other.destination != wanted.source ||
            other.test.type != wanted.test.type)
            return false;
        const Knowledge& knowledge = library_.about(other.archive);
        const auto [begin, end] = knowledge.by_pair.equal_range(
            coverage::pair_key(other.source, other.destination, other.test.type));
        return std::any_of(
            begin, end, [&](const auto& entry) { return knowledge.measured[entry.second].newest >= from; });
    });
}

void Gathering::set_range(ChainFacts& facts) const {
    ExpectedTest test = facts.wanted.test;
    if (test.every == 0) test.every = assumed_every;
    if (!question_.at) {
        facts.from = now_ - coverage::tolerance(test, facts.interval);
        facts.until = now_;
        return;
    }
    const std::int64_t distance = std::max(test.every, least_every) + test.slack;
    facts.from = *question_.at - distance;
    facts.until = std::min(now_, *question_.at + distance);
}

void Gathering::look_at_instance(ChainFacts& facts, const Knowledge& knowledge) {
    const std::array host{facts.host};
    auto report = status::gather(paths_, host);
    unreadable_.insert(report.unreadable.begin(), report.unreadable.end());
    std::optional<std::size_t> chosen;
    for (std::size_t i = 0; i < knowledge.tasks.size() && !chosen; ++i) {
        if (is_asked_for(knowledge.tasks[i], facts.wanted.test.type, event_)) chosen = i;
    }
    const auto named = std::ranges::find_if(report.instances, [&](const auto& one) {
        return !chosen || one.instance == knowledge.instances[*chosen];
    });
    if (named == report.instances.end()) {
        facts.uncollected = fmt::format("no mesh names {} and nobody has enabled it", facts.host);
        return;
    }
    facts.instance = named->instance.name();
    facts.last = named->last;
    facts.is_last_unreadable = named->is_unreadable;
    facts.uncollected = why_not(*named);
    if (chosen) {
        task_ = knowledge.tasks[*chosen];
    } else if (facts.uncollected.empty() && knowledge.tasks.empty()) {
        facts.uncollected = fmt::format("no enabled task is for {}", facts.host);
    } else if (facts.uncollected.empty()) {
        facts.uncollected =
            event_.empty()
                ? fmt::format("no task of {} asks for results of {} tests (event-types, select.tests)",
                              facts.host, facts.wanted.test.type)
                : fmt::format("no task of {} asks for {} of {} tests (event-types, select.tests)", facts.host,
                              event_, facts.wanted.test.type);
    }
}

void Gathering::look_at_series(ChainFacts& facts, const Knowledge& knowledge) {
    writers_.clear();
    series_.clear();
    for (const Measured* measured : measured_)
        series_.insert(measured->series.begin(), measured->series.end());
    const std::string_view wanted_event = event_;
    for (const Instance& instance : knowledge.instances) {
        const auto holder = state_of(paths_, instance, facts.now * 1'000'000);
        writers_.push_back(instance.name());
        if (holder && *holder != instance) writers_.push_back(holder->name());
        look_at_backfills(facts, holder ? *holder : instance);
        const auto checkpoint = read_checkpoint(paths_, holder ? *holder : instance);
        if (!checkpoint || !*checkpoint) continue; // the library has told of it
        const Timestamp since = (*checkpoint)->progress.since;
        if (since > 0) {
            facts.collected_from = facts.collected_from == 0 ? since : std::min(facts.collected_from, since);
        }
        for (const std::string& id : series_) {
            const auto state = (*checkpoint)->series.find(id);
            if (!state) continue;
            const auto event = event_of_series(id);
            if (event == "failures")
                facts.failed = std::max(facts.failed, sent_within(*state, facts.from, facts.until));
            if (wanted_event.empty() ? !is_run_result(event) : event != wanted_event) continue;
            facts.is_known = true;
            facts.latest = std::max(facts.latest, state->newest);
            facts.newest = std::max(facts.newest, sent_within(*state, facts.from, facts.until));
            if (state->newest > facts.until && facts.from < state->known_from) facts.is_forgotten = true;
        }
    }
    for (const Measured* measured : measured_) {
        if (wanted_event.empty())
            facts.latest = std::max({facts.latest, measured->newest, measured->archived});
        facts.is_known = facts.is_known || measured->newest > 0;
    }
    for (const Gap& gap : knowledge.gaps) {
        const bool is_its = gap.series.empty() || series_.contains(gap.series);
        const bool explains = gap.reason != "silent"; // what coverage itself wrote explains nothing
        if (is_its && explains && gap.since < facts.until && gap.until > facts.from && !facts.gap)
            facts.gap = gap;
    }
}

/// What they have brought is not in the checkpoint of the regular runs.
void Gathering::look_at_backfills(ChainFacts& facts, const Instance& instance) {
    const BackfillStore store(paths_);
    const auto jobs = store.of_instance(instance);
    if (!jobs) unreadable_.insert(jobs.error().message);
    for (const BackfillJob& job : jobs ? *jobs : std::vector<BackfillJob>{}) {
        const auto state = store.read_state(job.id);
        const bool has_asked =
            state && *state && std::ranges::any_of(job.ranges, [&](const auto& range) {
                return range.since <= facts.from && facts.until <= std::min(range.until, (*state)->reached);
            });
        facts.is_backfilled = facts.is_backfilled || has_asked;
        const auto checkpoint = read_checkpoint(store.checkpoint(job.id));
        if (!checkpoint || !*checkpoint) continue;
        for (const std::string& id : series_) {
            const auto series = (*checkpoint)->series.find(id);
            const auto event = event_of_series(id);
            const bool is_wanted = event_.empty() ? is_run_result(event) : event == event_;
            if (!series || !is_wanted) continue;
            facts.is_known = true;
            facts.latest = std::max(facts.latest, series->newest);
            facts.newest = std::max(facts.newest, sent_within(*series, facts.from, facts.until));
        }
    }
}

void Gathering::look_at_limits(ChainFacts& facts, const Measured* measured) {
    if (!task_) return;
    MetadataEntry entry;
    entry.meta.source = entry.meta.input_source = json_string(facts.wanted.source);
    entry.meta.destination = entry.meta.input_destination = json_string(facts.wanted.destination);
    if (measured != nullptr) {
        entry.key = measured->key;
        if (const auto instance = parse_instance(writers_.back()); instance) {
            const auto subjects = read_subjects(paths_, *instance);
            for (const Subject& subject : subjects ? *subjects : std::vector<Subject>{}) {
                if (subject.key != measured->key) continue;
                entry.meta.source = json_string(subject.source);
                entry.meta.destination = json_string(subject.destination);
            }
        }
    }
    const auto types = event_.empty() ? coverage::result_types(facts.wanted.test.type)
                                      : std::vector<std::string_view>{event_};
    for (const std::string& name : task_->limits) {
        const auto configured = config_.limits.find(name);
        if (configured == config_.limits.end()) continue;
        const Limit& limit = configured->second;
        if (limit.action == LimitAction::flag) continue;
        const auto rule = make_limit(limit);
        const bool judges_series = limit.type == "pair" || limit.type == "event-type";
        if (!judges_series || !rule) { // what needs more than is known here judges in a run only
            facts.judging.push_back(name);
            continue;
        }
        const bool leaves_out = std::ranges::all_of(types, [&](std::string_view type) {
            return (*rule)->is_series_exceeded({entry, type}).value_or(false);
        });
        if (leaves_out && facts.excluding_limit.empty())
            facts.excluding_limit = fmt::format("{} leaves it out: {}", name, (*rule)->reason());
    }
}

void Gathering::look_at_archives(ChainFacts& facts, const Knowledge& knowledge) {
    std::set<std::string> names = knowledge.archives;
    if (task_) names = {task_->archives.begin(), task_->archives.end()};
    Search search{
        .instances = writers_, .keys = {}, .event_type = event_, .from = facts.from, .until = facts.until};
    for (const Measured* measured : measured_)
        search.keys.push_back(measured->key);
    for (const std::string& name : names) {
        ArchiveFacts archive;
        archive.name = name;
        const auto configured = config_.archives.find(name);
        const bool is_there = configured != config_.archives.end();
        if (!is_there) archive.fault = "it is not in the configuration";
        if (is_there && !configured->second.enabled)
            archive.fault = "it is disabled: nothing is spooled for it";
        archive.is_shadow = is_there && configured->second.shadow;
        if (is_there && configured->second.archiver == "sqlite" && !archive.is_shadow) {
            const auto database = coverage::LocalArchive::open(paths_.local_archive() / (name + ".db"));
            if (!database) unreadable_.insert(database.error().message);
            archive.can_be_asked = database.has_value();
            for (const std::string& key : database ? search.keys : std::vector<std::string>{}) {
                const auto newest =
                    database->newest_between(facts.host, key, event_, facts.from, facts.until);
                if (!newest) unreadable_.insert(newest.error().message);
                if (newest) archive.newest = std::max(archive.newest, *newest);
                const auto failure = database->failure_between(facts.host, key, facts.from, facts.until);
                if (failure && failure->ts > 0 && failure->ts >= facts.failed) {
                    facts.failed = failure->ts;
                    facts.failure = failure->text;
                }
            }
        }
        if (const auto searched = search_spool(paths_, search, archive); !searched)
            unreadable_.insert(searched.error().message);
        for (const Gap& gap : knowledge.gaps) {
            const bool is_its = gap.series.empty() || series_.contains(gap.series);
            if (is_its && gap.archive == name && gap.since <= facts.newest && gap.until > facts.newest)
                archive.skipped = gap.reason;
        }
        if (is_there && configured->second.retention_age) {
            const auto kept = configured->second.retention_age->count() / 1'000'000;
            archive.is_outdated = archive.newest == 0 && facts.until < now_ - kept;
        }
        if (const auto archiver = read_archiver_state(paths_, name); archiver && *archiver) {
            archive.trouble = (*archiver)->message;
            archive.has_delivered = (*archiver)->last_delivery_usec > 0;
        }
        facts.newest = std::max(facts.newest, archive.newest); // the checkpoint may have been lost
        facts.archives.push_back(std::move(archive));
    }
}

} // namespace meshprobe::explain
