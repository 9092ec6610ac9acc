#include "lib/config/interval.hpp"

namespace meshprobe {

namespace {

/// The largest divisor of `whole` that is at most `count`.
std::int64_t divisor(std::int64_t whole, std::int64_t count) {
    while (count > 1 && whole % count != 0)
        --count;
    return count < 1 ? 1 : count;
}

} // namespace

Microseconds round_interval(Microseconds interval) {
    using namespace std::chrono;
    if (interval >= days(1)) return days(1);
    if (interval >= hours(1)) return hours(divisor(24, duration_cast<hours>(interval).count()));
    if (interval >= minutes(1)) return minutes(divisor(60, duration_cast<minutes>(interval).count()));
    return seconds(divisor(60, duration_cast<seconds>(interval).count()));
}

} // namespace meshprobe
