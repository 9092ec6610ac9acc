#include "ctl/refresh/guard.hpp"

#include <algorithm>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::int64_t window_usec = 24LL * 3600 * 1'000'000;

} // namespace

bool is_suspicious(std::size_t vanished, std::size_t hosts) {
    return vanished > 5 && vanished * 5 > hosts;
}

GuardDecision guard(const Membership& last, const std::set<std::string>& offered, const Moment& now) {
    GuardDecision decision;
    Membership& next = decision.next;

    // A host that came back was never really gone; what lies a day back no longer counts.
    next.removed = last.removed;
    std::erase_if(next.removed, [&](const auto& entry) {
        return offered.contains(entry.first) || usec_between(entry.second, now) >= window_usec;
    });
    std::ranges::set_difference(offered, last.hosts, std::back_inserter(decision.added));
    std::vector<std::string> vanished;
    std::ranges::set_difference(last.hosts, offered, std::back_inserter(vanished));

    const std::size_t lately = vanished.size() + next.removed.size();
    const bool hold = is_suspicious(lately, last.hosts.size() + next.removed.size()) || offered.empty();

    next.hosts = offered;
    for (const std::string& host : vanished) {
        const auto held = last.held.find(host);
        if (held != last.held.end()) {
            next.held.insert(*held);
        } else if (hold) {
            next.held.emplace(host, now.wall_usec);
            decision.newly_held.push_back(host);
        } else {
            next.removed.emplace(host, now);
            decision.removed.push_back(host);
            continue;
        }
        next.hosts.insert(host);
    }
    return decision;
}

Membership membership_of(const MeshState& state) {
    Membership membership;
    for (const auto& [host, urls] : state.hosts)
        membership.hosts.insert(host);
    membership.held = state.held;
    membership.removed = state.removed;
    return membership;
}

std::vector<std::string> accept_removals(MeshState& state, const Moment& now) {
    std::vector<std::string> accepted;
    for (const auto& [host, since] : state.held) {
        state.hosts.erase(host);
        accepted.push_back(host);
    }
    state.held.clear();
    state.removed.clear();
    if (!accepted.empty()) state.changed_usec = now.wall_usec;
    return accepted;
}

} // namespace meshprobe
