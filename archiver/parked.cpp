#include "archiver/parked.hpp"

#include "archiver/backoff.hpp"

#include <algorithm>

namespace meshprobe {

void Parked::add(Landed landed, Clock::time_point now) {
    const unsigned attempt = std::min(attempts_[landed.name]++, 20U);
    const Microseconds pause = std::min(floor_ * (1U << attempt), Backoff::ceiling);
    reason_ = std::move(landed.why_owed);
    entries_.push_back({std::move(landed.name), std::move(landed.owed), landed.undecided, now + pause});
}

std::optional<Parked::Entry> Parked::take(Clock::time_point now) {
    const auto due =
        std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.not_before <= now; });
    if (due == entries_.end()) return std::nullopt;
    std::optional<Entry> entry(std::move(*due));
    entries_.erase(due);
    return entry;
}

void Parked::release_undecided(Clock::time_point now) {
    for (Entry& entry : entries_) {
        if (entry.undecided) entry.not_before = std::min(entry.not_before, now);
    }
}

unsigned Parked::tries() const {
    unsigned fewest = ~0U;
    for (const Entry& entry : entries_)
        fewest = std::min(fewest, attempts_.at(entry.name));
    return fewest;
}

std::optional<Parked::Clock::time_point> Parked::next_due() const {
    const auto first = std::ranges::min_element(entries_, {}, &Entry::not_before);
    return first == entries_.end() ? std::nullopt : std::optional(first->not_before);
}

} // namespace meshprobe
