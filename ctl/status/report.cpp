#include "ctl/status/report.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>

namespace meshprobe::status {

std::string_view name_of(InstanceStatus::State state) {
    using enum InstanceStatus::State;
    switch (state) {
    case unknown:
        return "unknown";
    case waiting:
        return "waiting";
    case running:
        return "running";
    case stopped:
        return "stopped";
    case failed:
        return "failed";
    case masked:
        return "masked";
    case manual:
        return "manual";
    case off:
        return "off";
    case alias:
        return "alias";
    }
    return {};
}

bool InstanceStatus::counts() const {
    return state == State::unknown || state == State::waiting || state == State::running ||
           state == State::failed;
}

bool InstanceStatus::has_local_fault() const {
    return counts() && last && last->outcome == "failed";
}

bool ArchiveStatus::has_failed() const {
    return enabled && !orphan && archiver_state && archiver_state->state == "failed";
}

std::optional<std::int64_t> InstanceStatus::lag_usec(std::int64_t now_usec) const {
    if (!last || last->last_success_usec == 0) return std::nullopt;
    const bool is_stale = last->finished_usec > last->last_success_usec;
    return last->lag_usec + (is_stale ? std::max<std::int64_t>(now_usec - last->last_success_usec, 0) : 0);
}

std::uint64_t InstanceStatus::bytes_per_day() const {
    std::uint64_t most = 0;
    const auto today = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
    for (const auto& [archive, days] : volume) {
        std::uint64_t bytes = 0;
        std::uint64_t complete = 0;
        for (const auto& day : days) {
            if (day.day >= today) continue;
            bytes += day.bytes;
            ++complete;
        }
        if (complete > 0) {
            most = std::max(most, bytes / complete);
        } else if (!days.empty()) {
            most = std::max(most, days.front().bytes);
        }
    }
    return most;
}

bool Report::degraded() const {
    const auto is_stuck = [](const ArchiveStatus& archive) { return archive.stuck; };
    return broken || overdue * 10 >= std::max<std::size_t>(counted, 1) ||
           std::ranges::any_of(archives, is_stuck);
}

} // namespace meshprobe::status
