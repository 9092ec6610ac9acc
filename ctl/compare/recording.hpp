// The messages of another collector: raw bodies as consumers of perfsonar.raw.* get them.
#pragma once

#include "ctl/compare/results.hpp"
#include "lib/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::comparison {

struct Recording {
    Results results;
    std::uint64_t messages = 0;
    std::uint64_t refused = 0;     ///< that are no raw results
    std::string first_refused;     ///< why
    std::uint64_t passed_over = 0; ///< of summaries, and results that were pushed: nobody collects those

    /// A body, or {"body": TEXT, …} as message queues are recorded. An error: there are too many results.
    [[nodiscard]] Status add(std::string_view message);
};

/// JSON Lines; "-" is standard input.
[[nodiscard]] Status read_recording(const std::string& file, Recording& recording);

} // namespace meshprobe::comparison
