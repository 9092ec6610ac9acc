// The time of day in the unit that state files, results and the journal use, and distances that do not depend
// on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace meshprobe {

[[nodiscard]] inline std::int64_t now_usec() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// A moment that outlives clock steps: within one boot, distances are measured on the boot clock.
struct Moment {
    std::int64_t wall_usec = 0; ///< UNIX time
    std::string boot_id;        ///< empty: not known
    std::int64_t boot_usec = 0; ///< CLOCK_BOOTTIME
};
[[nodiscard]] Moment now_moment();
/// 0 if `then` lies in the future, as it seems after the clock was set back.
[[nodiscard]] std::int64_t usec_between(const Moment& then, const Moment& now);

/// By how much the time of day was set forward (or, negative, back) in between, beyond what keeping a clock
/// right takes; 0: it was not. nullopt: another boot, or not known.
[[nodiscard]] std::optional<std::int64_t> clock_step(const Moment& then, const Moment& now);

} // namespace meshprobe
