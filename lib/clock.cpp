#include "lib/clock.hpp"

#include "lib/file.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace meshprobe {

namespace {

std::int64_t clock_usec(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

/// The unit passes it on (Environment=MESHPROBE_BOOT_ID=%b) where /proc/sys is hidden from the service.
std::string boot_id() {
    std::string id;
    if (const char* given = ::getenv("MESHPROBE_BOOT_ID"); given != nullptr) {
        id = given;
    } else if (const auto text = read_file("/proc/sys/kernel/random/boot_id", 4096)) {
        id = text->substr(0, text->find('\n'));
    }
    std::erase(id, '-');
    return id;
}

bool is_same_boot(const Moment& then, const Moment& now) {
    return !then.boot_id.empty() && then.boot_id == now.boot_id;
}

} // namespace

Moment now_moment() {
    return {clock_usec(CLOCK_REALTIME), boot_id(), clock_usec(CLOCK_BOOTTIME)};
}

std::int64_t usec_between(const Moment& then, const Moment& now) {
    return std::max<std::int64_t>(0, is_same_boot(then, now) ? now.boot_usec - then.boot_usec
                                                             : now.wall_usec - then.wall_usec);
}

std::optional<std::int64_t> clock_step(const Moment& then, const Moment& now) {
    if (!is_same_boot(then, now)) return std::nullopt;
    const std::int64_t elapsed = now.boot_usec - then.boot_usec;
    const std::int64_t step = now.wall_usec - then.wall_usec - elapsed;
    // Kernels slew by at most 500 ppm; twice that, and what passes between the reading of two clocks.
    const std::int64_t tolerance = 2'000'000 + std::max<std::int64_t>(0, elapsed) / 1000;
    return step > tolerance || step < -tolerance ? step : 0;
}

} // namespace meshprobe
