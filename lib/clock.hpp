// The time of day in the unit that state files, results and the journal use.
#pragma once

#include <chrono>
#include <cstdint>

namespace meshprobe {

[[nodiscard]] inline std::int64_t now_usec() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

} // namespace meshprobe
