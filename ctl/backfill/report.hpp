// What people see of back-fills: a bar while they run, a table of all of them, the same as JSON.
#pragma once

#include "ctl/backfill/standing.hpp"
#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/paths.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace meshprobe {

[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<BackfillStanding>& standings);
void print_table(const std::vector<BackfillStanding>& standings, bool legend);

/// "[######------]  50 %  3 of 8 jobs, 12 345 points, 5min left"; `width`: of the terminal.
[[nodiscard]] std::string bar(const std::vector<BackfillStanding>& standings,
                              std::chrono::steady_clock::duration elapsed, double share_before,
                              std::size_t width);
/// Of all jobs together, by the time that they cover.
[[nodiscard]] double share_of_all(const std::vector<BackfillStanding>& standings);

/// Drawn on standard error, in one line, if that is a terminal; otherwise the probes' lines in the journal
/// tell how it goes.
class ProgressBar {
  public:
    ProgressBar(const BackfillStore& store, const std::vector<BackfillJob>& jobs);
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

    void draw();

  private:
    const BackfillStore& store_;
    const std::vector<BackfillJob>& jobs_;
    bool is_shown_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    double share_before_ = 0;
};

} // namespace meshprobe
