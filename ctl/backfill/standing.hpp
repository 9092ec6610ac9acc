// The back-fills that there are, and how each stands.
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/error.hpp"

#include <string>

namespace meshprobe {

/// A job with how it stands.
struct BackfillStanding {
    BackfillJob job;
    BackfillState state{};
    bool has_run = false;
    bool is_running = false;

    /// "waiting", "running", "broken off", "stopped", "done", "partial".
    [[nodiscard]] std::string word() const;
};
[[nodiscard]] Result<BackfillStanding> standing_of_job(const BackfillStore& store, const BackfillJob& job);

} // namespace meshprobe
