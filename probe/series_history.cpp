#include "probe/series_history.hpp"

#include "lib/checkpoint/subjects.hpp"
#include "lib/record/identity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace meshprobe {

namespace {

using Timestamps = std::vector<Timestamp>; ///< ascending

Timestamps united(const Timestamps& one, const Timestamps& other) {
    Timestamps both;
    std::ranges::set_union(one, other, std::back_inserter(both));
    return both;
}

Timestamps common(const Timestamps& one, const Timestamps& other) {
    Timestamps both;
    std::ranges::set_intersection(one, other, std::back_inserter(both));
    return both;
}

/// What one of them has received or skipped on purpose is settled for all.
void merge_marks(SeriesMarks& known, const SeriesMarks& other) {
    known.newest = std::max(known.newest, other.newest);
    known.complete_until = std::max(known.complete_until, other.complete_until);
    known.known_from = std::max(known.known_from, other.known_from);
}

/// What both have, where it cannot be told which of them is meant.
void meet(SeriesMarks& known, const SeriesMarks& other) {
    known.newest = std::min(known.newest, other.newest);
    known.complete_until = std::min(known.complete_until, other.complete_until);
    known.known_from = std::max(known.known_from, other.known_from);
}

void meet(SeriesState& known, const SeriesState& other) {
    meet(static_cast<SeriesMarks&>(known), other);
    known.recent = common(known.recent, other.recent);
}

void merge_states(SeriesState& known, const SeriesState& other) {
    merge_marks(known, other);
    known.recent = united(known.recent, other.recent);
}

/// 60, 60.0 and "60.0" are one.
std::string as_number(std::string_view json_text) {
    const auto number = to_integer({json_text});
    return number ? std::to_string(*number) : std::string(json_text);
}

/// 4, 6, or 0: of a name.
int family_of(std::string_view address) {
    if (address.find(':') != std::string_view::npos) return 6;
    return !address.empty() && address.find_first_not_of("0123456789.") == std::string_view::npos ? 4 : 0;
}

const std::string& first_of(const std::string& preferred, const std::string& other) {
    return preferred.empty() ? other : preferred;
}

} // namespace

std::string_view keys_of(Flavour flavour) {
    switch (flavour) {
    case Flavour::pscheduler:
        return "pscheduler";
    case Flavour::http:
        return "http";
    case Flavour::elmond:
    case Flavour::opensearch:
        return "elmond";
    case Flavour::esmond:
    case Flavour::unknown:
        break;
    }
    return "esmond";
}

std::string series_identity(const EntryMeta& meta) {
    // Of other tests, archives have several views of both.
    const bool is_throughput = meta.test_type == R"("throughput")";
    return identity_of(fmt::format("[{},{},{},{},{},{}]", first_of(meta.input_source, meta.source),
                                   first_of(meta.input_destination, meta.destination), meta.test_type,
                                   meta.tool_name, is_throughput ? meta.ip_transport_protocol : "",
                                   is_throughput ? as_number(meta.time_duration) : ""));
}

Status SeriesHistory::look_at_others(const Paths& paths, const Instance& instance) {
    const auto subjects = read_subjects(paths, instance);
    if (!subjects) return fail(subjects.error());
    for (const auto& other : *subjects) {
        if (!other.identity.empty()) others_[other.identity].push_back({other.key, other.keys, other.source});
    }
    return {};
}

bool SeriesHistory::are_of_one_family(const std::vector<Other>& others) {
    int family = 0;
    for (const auto& other : others) {
        const int its = family_of(other.source);
        if (its != 0 && family != 0 && its != family) return false;
        if (its != 0) family = its;
    }
    return true;
}

template <class Known, class Look, class Merge>
std::optional<Known> SeriesHistory::gather(const SeriesSubject& subject, std::string_view event_type,
                                           Flavour flavour, const Look& look, const Merge& merge) const {
    std::optional<Known> known = look(fmt::format("{} {}", subject.key, event_type));
    if (others_.empty()) return known;
    const auto alike = others_.find(series_identity(subject.meta));
    if (alike == others_.end()) return known;
    const auto own_source = unescape({subject.meta.source});
    const int family = own_source ? family_of(*own_source) : 0;
    if (family == 0 && !are_of_one_family(alike->second)) return known;
    std::map<std::string_view, Known> of_archives;
    for (const auto& [key, keys, source] : alike->second) {
        if (key == subject.key || keys == keys_of(flavour)) continue;
        if (family != 0 && family_of(source) != 0 && family_of(source) != family) continue;
        // One without results of this type counts: it may be the one that is meant.
        const Known its = look(fmt::format("{} {}", key, event_type)).value_or(Known{});
        const auto [found, is_new] = of_archives.try_emplace(keys, its);
        if (!is_new) meet(found->second, its);
    }
    for (const auto& [keys, other] : of_archives) {
        if (other.newest == 0) continue;
        if (!known) known.emplace(); // whose "time-updated" is that of another archive: not known here
        merge(*known, other);
    }
    return known;
}

std::optional<SeriesMarks> SeriesHistory::marks(const SeriesSubject& subject, std::string_view event_type,
                                                Flavour flavour) const {
    return gather<SeriesMarks>(
        subject, event_type, flavour,
        [this](const std::string& id) { return checkpoint_.series().marks(id); }, merge_marks);
}

std::optional<SeriesState> SeriesHistory::find(const SeriesSubject& subject, std::string_view event_type,
                                               Flavour flavour) const {
    auto known = gather<SeriesState>(
        subject, event_type, flavour, [this](const std::string& id) { return checkpoint_.find(id); },
        merge_states);
    if (!sent_.empty()) add_sent(fmt::format("{} {}", subject.key, event_type), known);
    return known;
}

void SeriesHistory::also_sent(std::vector<CheckpointStates> of_archives, std::vector<Gap> but) {
    sent_.push_back({std::move(of_archives), std::move(but)});
}

std::vector<Timestamp> SeriesHistory::Sent::to_all(std::string_view id) const {
    std::optional<Timestamps> all;
    for (const CheckpointStates& states : of_archives) {
        Timestamps had;
        for (const auto& state : states) {
            const auto known = state->series.find(id);
            if (known) had = united(had, known->recent);
        }
        all = all ? common(*all, had) : std::move(had);
    }
    return all.value_or(Timestamps{});
}

/// Its marks are not ours: only what was sent counts.
void SeriesHistory::add_sent(std::string_view id, std::optional<SeriesState>& known) const {
    for (const Sent& sent : sent_) {
        auto times = sent.to_all(id);
        std::erase_if(times, [&](Timestamp ts) {
            return std::ranges::any_of(sent.but, [&](const Gap& gap) {
                return (gap.series.empty() || gap.series == id) && gap.since <= ts && ts < gap.until;
            });
        });
        if (times.empty()) continue;
        if (!known) known.emplace();
        known->recent = united(known->recent, times);
    }
}

} // namespace meshprobe
