#include "probe/kinship.hpp"

#include "lib/alias.hpp"
#include "lib/checkpoint/key_owners.hpp"
#include "lib/clock.hpp"
#include "lib/last_result.hpp"

#include <algorithm>
#include <unordered_set>

namespace meshprobe {

namespace {

constexpr Timestamp hour = 3600;
constexpr std::int64_t longest_wait_usec = 24LL * 3600 * 1'000'000;

void add_keys(const MetadataSearch::Page& page, std::vector<std::string>& keys) {
    for (const auto& entry : page.entries) {
        if (!entry.event_types.empty()) keys.push_back(entry.key);
    }
}

std::string_view key_of(std::string_view series) {
    return series.substr(0, series.find(' '));
}

/// The owner of most of them, if it is not `self`.
std::string most_frequent(const std::vector<std::string>& owners, std::string_view self) {
    std::map<std::string_view, std::size_t> counts;
    for (const auto& owner : owners) {
        if (!owner.empty() && owner != self) ++counts[owner];
    }
    const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
    return most == counts.end() ? std::string{} : std::string(most->first);
}

} // namespace

bool Kinship::is_known(const MetadataEntry& entry) const {
    return std::ranges::any_of(entry.event_types, [&](const EventType& type) {
        return checkpoint_.series().marks(entry.key + " " + type.name).has_value();
    });
}

Result<Kin> Kinship::recognise(Contact& contact, const ContactSettings& settings) const {
    std::vector<std::string> keys;
    add_keys(contact.page, keys);
    if (keys.empty()) return Kin{};
    {
        auto owners = KeyOwners::open(paths_, instance_.task);
        if (!owners) return fail(owners.error());
        const auto found = owners->find(keys);
        if (!found) return fail(found.error());
        if (most_frequent(*found, instance_.host).empty()) return Kin{};
    }
    bool read_on = false;
    while (true) {
        const auto page = contact.search->next(settings.stop);
        if (!page) return fail(page.error());
        if (!*page) break;
        add_keys(**page, keys);
        read_on = true;
    }
    auto kin = judge(keys, contact.plan);
    if (!kin || kin->is != Kin::Is::stranger || !read_on) return kin;
    contact.search = std::make_unique<MetadataSearch>(*contact.session, contact.url, contact.plan.search_from,
                                                      settings.event_types);
    auto page = contact.search->next(settings.stop);
    if (!page) return fail(page.error());
    if (*page) contact.page = std::move(**page);
    return kin;
}

Result<Kin> Kinship::judge(const std::vector<std::string>& keys, const PollPlan& plan) const {
    auto owners = KeyOwners::open(paths_, instance_.task);
    if (!owners) return fail(owners.error());
    const auto found = owners->find(keys);
    if (!found) return fail(found.error());
    const Instance other{instance_.task, most_frequent(*found, instance_.host)};
    if (other.host.empty() || !check_instance(other)) return Kin{};
    const auto is_others = [&](const std::string& owner) { return owner == other.host; };
    const bool all = std::ranges::all_of(*found, is_others);

    const auto standing = standing_of(paths_, other, now_usec());
    if (!standing) return fail(standing.error());
    if (*standing == Standing::gone) {
        // A host that was renamed, with some new tests perhaps: nobody else asks for what it had.
        const bool nobody_elses = std::ranges::all_of(
            *found, [&](const std::string& owner) { return owner.empty() || is_others(owner); });
        return nobody_elses ? Kin{Kin::Is::same, other.host} : Kin{};
    }
    if (all) {
        const auto state = read_checkpoint(paths_, other);
        if (!state) return fail(state.error());
        // Its own first contact is still going on: what it holds is known once that is through.
        const bool is_through = *state && (*state)->progress.polled_until > (*state)->progress.since;
        if (!is_through && *standing != Standing::dead) return Kin{Kin::Is::undecided, other.host};
        return *state && is_complete(**state, keys, plan) ? Kin{Kin::Is::same, other.host} : Kin{};
    }
    // What the other has not been seen with may have appeared since it was asked last.
    return *standing == Standing::dead ? Kin{} : undecided(other);
}

/// Whether everything that the other host had lately is listed here: an archive that holds but a part of what
/// a central one holds is not the same.
bool Kinship::is_complete(const CheckpointState& other, std::span<const std::string> listed,
                          const PollPlan& plan) {
    const std::unordered_set<std::string_view> here(listed.begin(), listed.end());
    const auto& series = other.series;
    Timestamp newest = 0;
    for (SeriesTable::Index i = 0; i < series.size(); ++i)
        newest = std::max(newest, series.marks(i).newest);
    // A silent one is compared by what was in its last hour.
    const Timestamp margin = std::min(hour, (plan.now - plan.search_from) / 2);
    const Timestamp lately = std::min(plan.search_from + margin, newest - margin);
    for (SeriesTable::Index i = 0; i < series.size(); ++i) {
        if (series.marks(i).newest >= lately && !here.contains(key_of(series.id(i)))) return false;
    }
    return true;
}

Result<Kin> Kinship::undecided(const Instance& other) const {
    const auto mark = read_alias_mark(paths_, instance_);
    if (!mark) return fail(mark.error());
    const bool is_waiting = *mark && !(*mark)->decided && (*mark)->of == other;
    if (is_waiting) {
        const auto last = read_last_result(paths_, other);
        if (!last) return fail(last.error());
        const bool asked = *last && (*last)->bad_runs == 0 && (*last)->started_usec > (*mark)->written_usec;
        // Whoever is stopped for long is not waited for.
        const bool is_over = now_usec() - (*mark)->written_usec > longest_wait_usec;
        if (asked || is_over) return Kin{};
        return Kin{Kin::Is::undecided, other.host};
    }
    if (auto written = write_alias_mark(paths_, instance_, other, false); !written)
        return fail(written.error());
    return Kin{Kin::Is::undecided, other.host};
}

Result<bool> Kinship::has_owner(const std::string& host) {
    if (host.empty() || host == instance_.host) return false;
    return is_in_fleet(host);
}

Result<bool> Kinship::is_in_fleet(const std::string& host) {
    const auto known = in_fleet_.find(host);
    if (known != in_fleet_.end()) return known->second;
    const Instance owner{instance_.task, host};
    bool in_fleet = false;
    if (check_instance(owner)) {
        const auto standing = standing_of(paths_, owner, now_usec());
        if (!standing) return fail(standing.error());
        in_fleet = *standing != Standing::gone;
    }
    in_fleet_.emplace(host, in_fleet);
    return in_fleet;
}

std::vector<std::string> Kinship::others() const {
    std::vector<std::string> hosts;
    for (const auto& [host, in_fleet] : in_fleet_) {
        if (in_fleet && host != instance_.host) hosts.push_back(host);
    }
    return hosts;
}

Status Kinship::sort_out(MetadataSearch::Page& page, bool all) {
    return sort_out(page, all, true);
}

Status Kinship::sort_out_as_guest(MetadataSearch::Page& page) {
    const auto in_fleet = is_in_fleet(instance_.host);
    return in_fleet ? sort_out(page, false, *in_fleet) : Status(fail(in_fleet.error()));
}

Status Kinship::sort_out(MetadataSearch::Page& page, bool all, bool claim) {
    std::vector<std::string> keys;
    for (const auto& entry : page.entries) {
        if (!entry.event_types.empty() && (all || !is_known(entry))) keys.push_back(entry.key);
    }
    if (keys.empty()) return {};
    auto owners = KeyOwners::open(paths_, instance_.task);
    if (!owners) return fail(owners.error());
    const auto found = owners->find(keys);
    if (!found) return fail(found.error());
    std::vector<std::string> unclaimed;
    std::unordered_set<std::string_view> others;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& owner = (*found)[i];
        if (owner == instance_.host) continue;
        const auto is_owned = has_owner(owner);
        if (!is_owned) return fail(is_owned.error());
        if (*is_owned) {
            others.insert(keys[i]);
        } else {
            unclaimed.push_back(keys[i]);
        }
    }
    if (!others.empty()) {
        // What is in the checkpoint was delivered here before; only what is new is left to others.
        left_to_others_ += std::erase_if(page.entries, [&](const MetadataEntry& entry) {
            return others.contains(entry.key) && !is_known(entry);
        });
    }
    return claim ? owners->claim(unclaimed, instance_.host) : Status{};
}

} // namespace meshprobe
