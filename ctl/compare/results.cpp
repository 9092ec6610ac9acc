#include "ctl/compare/results.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

namespace meshprobe::comparison {

namespace {

constexpr Timestamp one_hour = 3600;

using Place = std::tuple<std::string, std::string, Timestamp>;

Timestamp hour_of(Timestamp ts) {
    return ts - ts % one_hour;
}

} // namespace

bool Results::add(const SeriesName& series, std::string_view host, Timestamp ts) {
    if (size_ == most) return false;
    Series& known = series_[series];
    if (known.host.empty()) known.host = host;
    known.timestamps.push_back(ts);
    ++size_;
    return true;
}

void Results::sort() {
    size_ = 0;
    for (auto& [name, series] : series_) {
        auto& timestamps = series.timestamps;
        std::ranges::sort(timestamps);
        const auto rest = std::unique(timestamps.begin(), timestamps.end());
        repeated_ += static_cast<std::size_t>(timestamps.end() - rest);
        timestamps.erase(rest, timestamps.end());
        size_ += timestamps.size();
    }
}

void Results::forget_before(const SeriesName& name, Timestamp since) {
    const auto found = series_.find(name);
    if (found == series_.end()) return;
    auto& timestamps = found->second.timestamps;
    const auto first = std::ranges::lower_bound(timestamps, since);
    size_ -= static_cast<std::size_t>(first - timestamps.begin());
    timestamps.erase(timestamps.begin(), first);
}

void Results::forget_after(const SeriesName& name, Timestamp until) {
    const auto found = series_.find(name);
    if (found == series_.end()) return;
    auto& timestamps = found->second.timestamps;
    const auto last = std::ranges::upper_bound(timestamps, until);
    size_ -= static_cast<std::size_t>(timestamps.end() - last);
    timestamps.erase(last, timestamps.end());
}

bool Comparison::differs() const {
    return std::ranges::any_of(rows,
                               [](const Difference& row) { return row.only_here + row.only_there > 0; });
}

Comparison compare(const Results& here, const Results& there, const Range& range) {
    std::map<Place, Difference> rows;
    const auto row_of = [&](const std::string& host, const std::string& event_type,
                            Timestamp ts) -> Difference& {
        const Timestamp hour = hour_of(ts);
        auto& row = rows[{host, event_type, hour}];
        if (row.host.empty()) row = {.host = host, .event_type = event_type, .hour = hour};
        return row;
    };
    // Of both, merged: each timestamp is there once on either side.
    const auto merge = [&](const SeriesName& name, const std::string& host,
                           const std::vector<Timestamp>& ours, const std::vector<Timestamp>& theirs) {
        auto our = std::ranges::lower_bound(ours, range.since);
        auto their = std::ranges::lower_bound(theirs, range.since);
        while (true) {
            const bool has_our = our != ours.end() && *our <= range.until;
            const bool has_their = their != theirs.end() && *their <= range.until;
            if (!has_our && !has_their) return;
            const bool take_our = has_our && (!has_their || *our <= *their);
            const bool take_their = has_their && (!has_our || *their <= *our);
            auto& row = row_of(host, name.event_type, take_our ? *our : *their);
            row.here += take_our ? 1 : 0;
            row.there += take_their ? 1 : 0;
            row.only_here += take_our && !take_their ? 1 : 0;
            row.only_there += take_their && !take_our ? 1 : 0;
            if (take_our) ++our;
            if (take_their) ++their;
        }
    };
    // Another series of the same entry tells the name of its host as well.
    std::map<std::string_view, std::string_view> hosts;
    for (const auto& [name, series] : here.series())
        hosts.try_emplace(name.key, series.host);
    const std::vector<Timestamp> none;
    for (const auto& [name, series] : here.series()) {
        const auto theirs = there.series().find(name);
        merge(name, series.host, series.timestamps,
              theirs == there.series().end() ? none : theirs->second.timestamps);
    }
    for (const auto& [name, series] : there.series()) {
        if (here.series().contains(name)) continue;
        const auto known = hosts.find(name.key);
        merge(name, known == hosts.end() ? series.host : std::string(known->second), none, series.timestamps);
    }
    Comparison comparison;
    comparison.rows.reserve(rows.size());
    for (auto& [place, row] : rows)
        comparison.rows.push_back(std::move(row));
    return comparison;
}

void forget_what_was_before(Results& here, const Results& there, Timestamp bound_at) {
    std::map<std::pair<std::string, std::string>, Timestamp> of_type;
    std::map<std::string, Timestamp> of_host;
    const auto lower = [](auto& firsts, auto key, Timestamp first) {
        const auto [entry, is_new] = firsts.try_emplace(std::move(key), first);
        if (!is_new) entry->second = std::min(entry->second, first);
    };
    for (const auto& [name, series] : there.series()) {
        const auto ours = here.series().find(name);
        if (ours == here.series().end() || series.timestamps.empty()) continue;
        lower(of_type, std::pair(ours->second.host, name.event_type), series.timestamps.front());
        lower(of_host, ours->second.host, series.timestamps.front());
    }
    std::vector<std::pair<SeriesName, Timestamp>> begins;
    for (const auto& [name, series] : here.series()) {
        Timestamp since = bound_at;
        if (const auto theirs = there.series().find(name); theirs != there.series().end()) {
            since = theirs->second.timestamps.front();
        } else if (const auto type = of_type.find({series.host, name.event_type}); type != of_type.end()) {
            since = type->second;
        } else if (const auto host = of_host.find(series.host); host != of_host.end()) {
            since = host->second;
        }
        begins.emplace_back(name, since);
    }
    for (const auto& [name, since] : begins)
        here.forget_before(name, since);
}

void forget_what_may_still_come(Results& here, Results& there, Timestamp settled) {
    std::map<std::string, std::string> host_of_key;
    for (const auto& [name, series] : here.series())
        host_of_key.try_emplace(name.key, series.host);
    const auto host_of = [&](const SeriesName& name, const Results::Series& series) {
        const auto known = host_of_key.find(name.key);
        return known == host_of_key.end() ? series.host : known->second;
    };
    std::map<std::string, std::array<Timestamp, 2>> newest; // ours, theirs
    const auto note = [&](const Results& results, std::size_t side) {
        for (const auto& [name, series] : results.series()) {
            if (series.timestamps.empty()) continue;
            auto& known = newest.try_emplace(host_of(name, series)).first->second[side];
            known = std::max(known, series.timestamps.back());
        }
    };
    note(here, 0);
    note(there, 1);
    for (Results* results : {&here, &there}) {
        std::vector<std::pair<SeriesName, Timestamp>> ends;
        for (const auto& [name, series] : results->series()) {
            const auto& both = newest[host_of(name, series)];
            ends.emplace_back(name, std::max(settled, std::min(both[0], both[1])));
        }
        for (const auto& [name, until] : ends)
            results->forget_after(name, until);
    }
}

} // namespace meshprobe::comparison
