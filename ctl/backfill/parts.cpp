#include "ctl/backfill/parts.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace meshprobe {

namespace {

using Ranges = std::vector<BackfillRange>;
using Kind = std::pair<std::string, bool>; ///< series, lost

std::string type_of(std::string_view series) {
    const auto blank = series.find(' ');
    return blank == std::string_view::npos ? std::string() : std::string(series.substr(blank + 1));
}

bool overlap(const BackfillRange& one, const BackfillRange& other) {
    return one.since < other.until && other.since < one.until;
}

/// Behind the others, or one with the last of them.
void append(Ranges& ranges, BackfillRange range) {
    const auto last = std::find_if(ranges.rbegin(), ranges.rend(), [&range](const BackfillRange& other) {
        return other.series == range.series && other.lost == range.lost;
    });
    if (last != ranges.rend() && last->until == range.since) {
        last->until = range.until;
    } else {
        ranges.push_back(std::move(range));
    }
}

/// Where what archives lack of a kind, or what they have of that, begins or ends.
std::set<Timestamp> edges_of(const std::map<std::string, BackfillLack>& lacks, const Kind& kind) {
    std::set<Timestamp> edges;
    for (const auto& [archive, lack] : lacks) {
        for (const auto& range : lack.ranges) {
            if (range.series == kind.first && range.lost == kind.second)
                edges.insert({range.since, range.until});
        }
        if (!kind.first.empty()) continue;
        for (const auto& range : lack.brought) {
            if (range.lost == kind.second) edges.insert({range.since, range.until});
        }
    }
    return edges;
}

/// The archives that lack all of a piece, by the series that they have nevertheless.
std::map<std::set<std::string>, std::set<std::string>>
who_lacks(const std::map<std::string, BackfillLack>& lacks, const BackfillRange& piece) {
    std::map<std::set<std::string>, std::set<std::string>> archives;
    for (const auto& [archive, lack] : lacks) {
        const bool is_lacking = std::ranges::any_of(lack.ranges, [&piece](const BackfillRange& range) {
            return range.series == piece.series && range.lost == piece.lost && overlap(range, piece);
        });
        if (!is_lacking) continue;
        std::set<std::string> brought;
        for (const auto& range : lack.brought) {
            if (piece.series.empty() && range.lost == piece.lost && overlap(range, piece))
                brought.insert(range.series);
        }
        archives[std::move(brought)].insert(archive);
    }
    return archives;
}

} // namespace

std::vector<BackfillPart> by_archives(const std::map<std::string, BackfillLack>& lacks) {
    std::set<Kind> kinds;
    for (const auto& [archive, lack] : lacks) {
        for (const auto& range : lack.ranges)
            kinds.emplace(range.series, range.lost);
    }
    std::map<std::set<std::string>, BackfillPart> parts;
    for (const auto& kind : kinds) {
        const auto edges = edges_of(lacks, kind);
        for (auto edge = edges.begin(); edge != edges.end() && std::next(edge) != edges.end(); ++edge) {
            const BackfillRange piece{
                .series = kind.first, .since = *edge, .until = *std::next(edge), .lost = kind.second};
            for (const auto& [brought, archives] : who_lacks(lacks, piece)) {
                auto& part = parts[archives];
                append(part.ranges, piece);
                for (const auto& series : brought) {
                    BackfillRange range = piece;
                    range.series = series;
                    append(part.brought, std::move(range));
                }
            }
        }
    }
    std::vector<BackfillPart> all;
    for (auto& [archives, part] : parts)
        all.push_back({archives, std::move(part.ranges), std::move(part.brought)});
    return all;
}

std::vector<BackfillRange> what_brings(const BackfillStanding& standing, const BackfillWish& wish,
                                       const std::string& archive) {
    const auto& job = standing.job;
    if (!contains(job.archives, archive)) return {};
    const auto has_type = [&job](const std::string& type) {
        return job.event_types.empty() || contains(job.event_types, type);
    };
    const bool has_all_types = job.event_types.empty() ||
                               (!wish.event_types.empty() && std::ranges::all_of(wish.event_types, has_type));
    Ranges had_not;
    for (const auto& range : standing.state.failed) {
        if (range.series.empty()) had_not.push_back(range);
    }
    Ranges brought;
    for (auto range : job.ranges) {
        if (!range.series.empty() && range.series.front() != ' ' && !has_type(type_of(range.series)))
            continue;
        // What lay in the future was not there yet.
        if (standing.state.is_finished()) range.until = std::min(range.until, job.made_usec / 1'000'000);
        // What is missing of what it has done was lost, or could not be had.
        if (wish.gaps) range.since = std::max(range.since, standing.state.reached);
        range.since = std::max(range.since, wish.since.value_or(0));
        range.until = std::min(range.until, wish.until.value_or(latest_timestamp));
        if (range.since >= range.until) continue;
        for (auto& part : without(range, had_not)) {
            if (has_all_types || !part.series.empty()) {
                brought.push_back(std::move(part));
                continue;
            }
            for (const auto& type : job.event_types) {
                if (!wish.event_types.empty() && !contains(wish.event_types, type)) continue;
                part.series = " " + type;
                brought.push_back(part);
            }
        }
    }
    return brought;
}

bool take_off(BackfillLack& lack, const std::vector<BackfillRange>& brought) {
    bool any = false;
    Ranges left;
    for (const auto& range : lack.ranges) {
        Ranges others;
        for (const auto& other : brought) {
            // Who was not told that something is lost, passes over what is known as sent.
            if (!overlap(range, other) || (range.lost && !other.lost)) continue;
            const bool is_all =
                other.series.empty() || (!range.series.empty() && concerns(other, range.series));
            if (is_all) {
                others.push_back(other);
            } else if (range.series.empty()) {
                any = true;
                lack.brought.push_back({.series = other.series,
                                        .since = std::max(range.since, other.since),
                                        .until = std::min(range.until, other.until),
                                        .lost = range.lost});
            }
        }
        any = any || !others.empty();
        for (auto& part : without(range, others))
            left.push_back(std::move(part));
    }
    lack.ranges = std::move(left);
    return any;
}

BackfillLack holes_of(const GapLedger& ledger, const BackfillWish& wish, const std::string& archive) {
    Ranges whole;
    Ranges parts;
    for (const auto& gap : ledger) {
        if (gap.archive != archive && !gap.archive.empty()) continue;
        if (wish.refetch && (gap.reason != "quota" || gap.archive.empty())) continue;
        const BackfillRange hole{.series = gap.series,
                                 .since = std::max(gap.since, wish.since.value_or(0)),
                                 .until = std::min(gap.until, wish.until.value_or(latest_timestamp)),
                                 .lost = was_lost(gap)};
        const bool is_wanted =
            wish.event_types.empty() || gap.series.empty() || contains(wish.event_types, type_of(gap.series));
        if (hole.since >= hole.until || !is_wanted) continue;
        (gap.series.empty() ? whole : parts).push_back(hole);
    }
    BackfillLack lack{.ranges = whole, .brought = {}};
    for (const auto& part : parts) {
        Ranges hidden_by = whole;
        std::erase_if(hidden_by, [&](const BackfillRange& range) { return range.lost != part.lost; });
        for (auto& rest : without(part, hidden_by))
            lack.ranges.push_back(std::move(rest));
    }
    return lack;
}

} // namespace meshprobe
