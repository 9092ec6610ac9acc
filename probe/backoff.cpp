#include "probe/backoff.hpp"

#include <algorithm>

namespace meshprobe {

Microseconds pause_after(std::uint32_t bad_runs, Microseconds interval) {
    if (bad_runs < patience) return Microseconds(0);
    const Microseconds ceiling = std::max(longest_pause, interval);
    Microseconds pause = std::max(interval, Microseconds(std::chrono::seconds(1)));
    for (std::uint32_t run = patience; run < bad_runs && pause < ceiling; ++run)
        pause *= 2;
    return std::min(pause, ceiling);
}

std::int64_t not_before(std::int64_t started_usec, std::uint32_t bad_runs, Microseconds interval,
                        std::int64_t asked_for_usec) {
    constexpr Microseconds slack = std::chrono::seconds(2);
    const Microseconds pause = pause_after(bad_runs, interval);
    const std::int64_t own = pause > slack ? started_usec + (pause - slack).count() : 0;
    return std::max(own, asked_for_usec);
}

} // namespace meshprobe
