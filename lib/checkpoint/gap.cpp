#include "lib/checkpoint/gap.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

namespace meshprobe {

namespace {

bool same_kind(const Gap& left, const Gap& right) {
    return left.series == right.series && left.archive == right.archive && left.reason == right.reason;
}

/// Swallows what it overlaps or touches.
void merge(GapLedger& ledger, Gap gap) {
    std::erase_if(ledger, [&](const Gap& other) {
        if (!same_kind(gap, other) || other.since > gap.until || other.until < gap.since) return false;
        gap.since = std::min(gap.since, other.since);
        gap.until = std::max(gap.until, other.until);
        return true;
    });
    ledger.insert(std::ranges::lower_bound(ledger, gap), gap);
}

/// What lies between the two that are nearest to each other; nullopt if no two are of one kind.
std::optional<Gap> narrowest_bridge(const GapLedger& ledger) {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view>, const Gap*> last;
    Timestamp narrowest = std::numeric_limits<Timestamp>::max();
    std::optional<Gap> bridge;
    for (const Gap& gap : ledger) { // of one kind: ascending
        const auto [entry, is_first] = last.try_emplace({gap.series, gap.archive, gap.reason}, &gap);
        if (!is_first && gap.since - entry->second->until < narrowest) {
            narrowest = gap.since - entry->second->until;
            bridge = gap;
            bridge->since = entry->second->until;
            bridge->until = gap.since;
        }
        entry->second = &gap;
    }
    return bridge;
}

void coalesce(GapLedger& ledger) {
    while (ledger.size() > most_gaps) {
        if (auto bridge = narrowest_bridge(ledger)) {
            merge(ledger, std::move(*bridge));
            continue;
        }
        GapLedger coarser;
        const bool has_series =
            std::ranges::any_of(ledger, [](const Gap& gap) { return !gap.series.empty(); });
        for (Gap gap : ledger) {
            gap.series.clear();
            if (!has_series) gap.reason = "several reasons";
            merge(coarser, std::move(gap));
        }
        // As many archives as that: nobody has them.
        if (coarser.size() == ledger.size()) return;
        ledger = std::move(coarser);
    }
}

} // namespace

bool add_gap(GapLedger& ledger, const Gap& gap) {
    const auto covers = [&](const Gap& other) {
        return same_kind(gap, other) && other.since <= gap.since && other.until >= gap.until;
    };
    if (std::ranges::any_of(ledger, covers)) return false;
    merge(ledger, gap);
    coalesce(ledger);
    return true;
}

bool heal_gaps(GapLedger& ledger, const Healing& healing) {
    GapLedger rest;
    const auto removed = std::erase_if(ledger, [&](const Gap& gap) {
        if (!healing.series.empty() && healing.series != gap.series) return false;
        if (!healing.archive.empty() && healing.archive != gap.archive) return false;
        const bool is_inside = healing.since <= gap.since && gap.until <= healing.until;
        if (!is_inside && (healing.until <= gap.since || gap.until <= healing.since)) return false;
        Gap before = gap;
        before.until = healing.since;
        Gap after = gap;
        after.since = healing.until;
        for (const Gap& part : {before, after}) {
            if (part.since < part.until) rest.push_back(part);
        }
        return true;
    });
    for (Gap& gap : rest)
        merge(ledger, std::move(gap));
    coalesce(ledger);
    return removed > 0;
}

} // namespace meshprobe
