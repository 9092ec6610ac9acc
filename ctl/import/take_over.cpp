#include "ctl/import/take_over.hpp"

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/checkpoint/key_owners.hpp"
#include "lib/privilege.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace meshprobe::legacy {

namespace {

constexpr std::int64_t keep_seconds = 2LL * 86400; ///< of what the log holds; nothing is committed here

bool knows_all(const CheckpointState& state, const Handover& handover) {
    return state.progress.polled_until == handover.progress.polled_until &&
           state.series.size() == handover.series.size() &&
           std::ranges::all_of(handover.series, [&](const Handover::Series& series) {
               const auto marks = state.series.marks(series.series);
               return marks && marks->newest == series.until;
           });
}

Result<TakenOver::Outcome> judge_state(const Paths& paths, const Instance& instance, const Handover& handover,
                                       bool force) {
    const auto state = read_checkpoint(paths, instance);
    if (!state) return fail(state.error());
    if (!*state) return TakenOver::Outcome::taken;
    if (!is_as_handed_over(**state))
        return force ? TakenOver::Outcome::replaced : TakenOver::Outcome::refused;
    return knows_all(**state, handover) ? TakenOver::Outcome::same : TakenOver::Outcome::taken;
}

/// So that a host which turns out to be another name of this one does not begin with the same keys anew.
Status claim_keys(const Paths& paths, const Instance& instance, const std::vector<std::string>& keys) {
    auto owners = KeyOwners::open(paths, instance.task);
    if (!owners) return fail(owners.error());
    const auto found = owners->find(keys);
    if (!found) return fail(found.error());
    std::vector<std::string> unclaimed;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if ((*found)[i] != instance.host) unclaimed.push_back(keys[i]);
    }
    return owners->claim(unclaimed, instance.host);
}

Result<TakenOver::Outcome> take_over_host(const Paths& paths, const Instance& instance,
                                          const DeliveredHost& host, const TakeOverSettings& settings) {
    const auto handover = host.handover(settings.now);
    const auto before = judge_state(paths, instance, handover, settings.force);
    if (!before || settings.dry_run) return before;
    if (*before == TakenOver::Outcome::refused) return before;
    if (auto claimed = claim_keys(paths, instance, host.key_names()); !claimed) return fail(claimed.error());
    if (*before == TakenOver::Outcome::same) return before;
    auto checkpoint = Checkpoint::open(paths, instance, keep_seconds);
    if (!checkpoint) return fail(checkpoint.error());
    // A run may have ended while its lock was waited for.
    const auto now = judge_state(paths, instance, handover, settings.force);
    if (!now || *now == TakenOver::Outcome::refused) return now;
    if (auto taken = checkpoint->take_over(handover); !taken) return fail(taken.error());
    return now;
}

} // namespace

std::string_view outcome_name(TakenOver::Outcome outcome) {
    switch (outcome) {
    case TakenOver::Outcome::taken:
        return "taken over";
    case TakenOver::Outcome::replaced:
        return "replaced";
    case TakenOver::Outcome::same:
        return "unchanged";
    case TakenOver::Outcome::refused:
        return "refused";
    case TakenOver::Outcome::failed:
        break;
    }
    return "failed";
}

std::vector<TakenOver> take_over(const Paths& paths, const std::vector<DeliveredHost>& hosts,
                                 const TakeOverSettings& settings) {
    std::vector<TakenOver> all;
    Status owned;
    std::optional<ActingOwner> owner;
    if (paths.has_owners() && !settings.dry_run) {
        auto acting = ActingOwner::of(paths.checkpoints());
        if (acting) {
            owner.emplace(std::move(*acting));
        } else {
            owned = fail(acting.error());
        }
    }
    for (const auto& host : hosts) {
        TakenOver taken;
        taken.instance = {settings.task, host.host};
        taken.keys = host.keys;
        taken.series = host.series.size();
        taken.newest = host.newest(settings.now);
        Result<TakenOver::Outcome> outcome = TakenOver::Outcome::failed;
        if (!owned) {
            outcome = fail(owned.error());
        } else if (auto fits = check_instance(taken.instance); !fits) {
            outcome = fail(fits.error());
        } else {
            outcome = take_over_host(paths, taken.instance, host, settings);
        }
        if (!outcome) {
            taken.outcome = TakenOver::Outcome::failed;
            taken.reason = outcome.error().message;
        } else {
            taken.outcome = *outcome;
        }
        if (taken.outcome == TakenOver::Outcome::refused) {
            taken.reason =
                "meshprobe collects this host already; with --force the old collector's state takes "
                "the place of what it knows";
        }
        all.push_back(std::move(taken));
    }
    return all;
}

} // namespace meshprobe::legacy
