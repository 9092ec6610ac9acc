#include "ctl/coverage/knowledge.hpp"

#include "lib/alias.hpp"
#include "lib/clock.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/host_record.hpp"
#include "lib/last_result.hpp"
#include "lib/summary_name.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace meshprobe::coverage {

namespace {

/// Event types, most telling first, and the tests that yield them.
struct Sign {
    std::string_view event_type;
    std::string_view test_type;
};
constexpr std::array signs{
    Sign{"throughput", "throughput"},
    Sign{"throughput-subintervals", "throughput"},
    Sign{"packet-retransmits", "throughput"},
    Sign{"packet-trace", "trace"},
    Sign{"path-mtu", "trace"},
    Sign{"packet-loss-rate-bidir", "rtt"},
    Sign{"packet-count-lost-bidir", "rtt"},
    Sign{"histogram-rtt", "rtt"},
    Sign{"histogram-owdelay", "latencybg"},
    Sign{"histogram-ttl", "latencybg"},
    Sign{"packet-loss-rate", "latencybg"},
    Sign{"packet-count-lost", "latencybg"},
    Sign{"packet-count-sent", "latencybg"},
};

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

/// Where the measurement archive does not say it. latency and latencybg yield the same.
std::vector<std::string> test_types(const Subject& subject, const std::set<std::string>& event_types) {
    if (!subject.test_type.empty()) return {subject.test_type};
    for (const Sign& sign : signs) {
        if (!event_types.contains(std::string(sign.event_type))) continue;
        if (sign.test_type == "latencybg") return {"latencybg", "latency"};
        return {std::string(sign.test_type)};
    }
    return {};
}

bool is_result(std::string_view event_type) {
    return event_type != "failures" && event_type != "pscheduler-run-href";
}

int family(const std::string& literal) {
    return literal.find(':') != std::string::npos ? 6 : 4;
}

/// Of one metadata entry, from all that is read, until it is filed under its pair.
struct Entry {
    Subject subject;
    Measured measured;
    std::set<std::string> event_types;
};
using Entries = std::map<std::string, Entry>; // by metadata key

void file(const Entries& entries, Knowledge& knowledge) {
    for (const auto& [key, entry] : entries) {
        const std::size_t index = knowledge.measured.size();
        const Subject& subject = entry.subject;
        knowledge.measured.push_back(entry.measured);
        knowledge.measured.back().has_destination =
            !subject.destination.empty() || !subject.input_destination.empty();
        std::set<std::string> keys;
        for (const auto& type : test_types(subject, entry.event_types)) {
            for (const auto* source : {&subject.source, &subject.input_source}) {
                for (const auto* destination : {&subject.destination, &subject.input_destination})
                    keys.insert(pair_key(*source, *destination, type));
                keys.insert(pair_key(*source, "", type));
            }
        }
        for (const auto& pair : keys)
            knowledge.by_pair.emplace(pair, index);
    }
}

/// The name that is collected.
std::string collected_name(const Paths& paths, const std::string& host) {
    const auto record = read_host_record(paths, host);
    return record && *record && !(*record)->alias_of.empty() ? (*record)->alias_of : host;
}

} // namespace

std::string pair_key(std::string_view source, std::string_view destination, std::string_view type) {
    return lower(fmt::format("{} {} {}", source, destination, type));
}

int ip_version_of(const std::string& address) {
    in6_addr bytes{};
    if (::inet_pton(AF_INET, address.c_str(), &bytes) == 1) return 4;
    return ::inet_pton(AF_INET6, address.c_str(), &bytes) == 1 ? 6 : 0;
}

std::vector<std::string_view> result_types(std::string_view test_type) {
    if (test_type == "latency") test_type = "latencybg";
    std::vector<std::string_view> types;
    for (const Sign& sign : signs) {
        if (sign.test_type == test_type) types.push_back(sign.event_type);
    }
    if (types.empty()) types.emplace_back("pscheduler-raw");
    return types;
}

bool Knowledge::collects(std::string_view test_type) const {
    const auto types = result_types(test_type);
    return std::ranges::any_of(tasks, [&](const TaskSettings& task) {
        const auto& tests = task.select.tests;
        if (!tests.empty() && std::ranges::find(tests, test_type) == tests.end()) return false;
        return std::ranges::find_first_of(task.event_types, types) != task.event_types.end();
    });
}

Library::Library(const Paths& paths, const Config& config)
    : paths_(paths), config_(config), selection_(paths) {
    for (const auto& [name, archive] : config.archives) {
        if (!archive.enabled || archive.shadow || archive.archiver != "sqlite") continue;
        const auto file = paths.local_archive() / (name + ".db");
        std::error_code error;
        if (!std::filesystem::exists(file, error)) continue; // nothing was delivered yet
        auto opened = LocalArchive::open(file);
        if (opened) {
            archives_.emplace(name, std::move(*opened));
        } else {
            unreadable_.insert(opened.error().message);
        }
    }
}

const Knowledge& Library::about(const std::string& host) {
    constexpr std::size_t most = 300; // at once: of 10 000 hosts with 500 entries memory would hold gigabytes
    const auto known = known_.find(host);
    if (known != known_.end()) return *known->second;
    if (known_.size() >= most) known_.clear();
    return *known_.emplace(host, std::make_unique<Knowledge>(read(host))).first->second;
}

Knowledge Library::read(const std::string& host) {
    Knowledge knowledge;
    knowledge.host = collected_name(paths_, host);
    for (const auto& [task, configured] : config_.tasks) {
        const TaskSettings settings = config_.task(task, knowledge.host);
        if (!settings.enabled || !selection_.is_for(settings, knowledge.host)) continue;
        const Instance instance{task, knowledge.host};
        knowledge.wanted = true;
        knowledge.interval =
            std::max<std::int64_t>(knowledge.interval, settings.interval.count() / 1'000'000);
        knowledge.tasks.push_back(settings);
        knowledge.archives.insert(settings.archives.begin(), settings.archives.end());
        knowledge.instances.push_back(instance);
        read_instance(instance, knowledge);
    }
    read_archive(knowledge);
    return knowledge;
}

void Library::read_instance(const Instance& instance, Knowledge& knowledge) {
    const auto last = read_last_result(paths_, instance);
    if (last && *last) {
        knowledge.contact = std::max(knowledge.contact, (*last)->last_success_usec / 1'000'000);
        if ((*last)->bad_runs > 0) {
            knowledge.down = true;
            knowledge.message = (*last)->message;
        }
    } else if (!last) {
        unreadable_.insert(last.error().message);
    }
    // An alias that is collected in the place of another name goes on with what that one knew.
    const auto holder = state_of(paths_, instance, now_usec());
    if (!holder) unreadable_.insert(holder.error().message);
    const Instance& state_holder = holder ? *holder : instance;
    const auto checkpoint = read_checkpoint(paths_, state_holder);
    if (!checkpoint) unreadable_.insert(checkpoint.error().message);
    if (!checkpoint || !*checkpoint) return;
    const CheckpointState& state = **checkpoint;
    knowledge.started = true;
    knowledge.since = std::max(knowledge.since, state.progress.since);
    knowledge.gaps.insert(knowledge.gaps.end(), state.gaps.begin(), state.gaps.end());

    const auto subjects = read_subjects(paths_, state_holder);
    if (!subjects) unreadable_.insert(subjects.error().message);
    Entries entries;
    for (const Subject& subject : subjects ? *subjects : std::vector<Subject>{}) {
        Entry& entry = entries[subject.key];
        entry.subject = subject;
        entry.measured.key = subject.key;
        entry.measured.ip_version = family(subject.source);
    }
    for (SeriesTable::Index index = 0; index < state.series.size(); ++index) {
        const std::string_view id = state.series.id(index);
        const auto blank = id.find(' ');
        const auto entry = entries.find(std::string(id.substr(0, blank)));
        if (entry == entries.end() || blank == std::string_view::npos) continue;
        const std::string_view event_type = id.substr(blank + 1);
        if (is_summary(event_type)) continue; // of results that are told by themselves
        const Timestamp newest = state.series.marks(index).newest;
        Measured& measured = entry->second.measured;
        measured.series.emplace_back(id);
        entry->second.event_types.emplace(event_type);
        if (is_result(event_type)) {
            measured.newest = std::max(measured.newest, newest);
        } else if (event_type == "failures") {
            measured.failed = std::max(measured.failed, newest);
        }
    }
    file(entries, knowledge);
}

/// What the archive has is added to what the checkpoints know; what only it knows (their files were lost)
/// counts as received.
void Library::read_archive(Knowledge& knowledge) {
    std::map<std::string, std::size_t> by_key;
    for (std::size_t i = 0; i < knowledge.measured.size(); ++i)
        by_key.emplace(knowledge.measured[i].key, i);
    for (const auto& [name, archive] : archives_) {
        if (!knowledge.archives.contains(name)) continue;
        const auto series = archive.series(knowledge.host);
        if (!series) {
            unreadable_.insert(series.error().message);
            continue;
        }
        knowledge.has_archive = true;
        Entries only_archived;
        for (const ArchivedSeries& one : *series) {
            const auto known = by_key.find(one.subject.key);
            Entry* entry = nullptr;
            if (known == by_key.end()) {
                entry = &only_archived[one.subject.key];
                entry->subject = one.subject;
                entry->measured.key = one.subject.key;
                entry->measured.ip_version = family(one.subject.source);
                entry->event_types.insert(one.event_type);
            }
            Measured& measured = entry != nullptr ? entry->measured : knowledge.measured[known->second];
            if (one.event_type == "failures") measured.failed = std::max(measured.failed, one.newest);
            if (!is_result(one.event_type)) continue;
            measured.archived = std::max(measured.archived, one.newest);
            measured.newest = std::max(measured.newest, one.newest);
        }
        file(only_archived, knowledge);
    }
}

std::string Library::newest_failure(const Knowledge& host, const std::string& key) {
    for (const auto& [name, archive] : archives_) {
        auto text = archive.newest_failure(host.host, key);
        if (!text) {
            unreadable_.insert(text.error().message);
        } else if (!text->empty()) {
            return std::move(*text);
        }
    }
    return {};
}

} // namespace meshprobe::coverage
