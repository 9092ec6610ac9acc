#include "ctl/backfill/standing.hpp"

namespace meshprobe {

Result<BackfillStanding> standing_of_job(const BackfillStore& store, const BackfillJob& job) {
    auto state = store.read_state(job.id);
    if (!state) return fail(state.error());
    BackfillStanding standing;
    standing.job = job;
    standing.has_run = state->has_value();
    if (*state) standing.state = std::move(**state);
    standing.is_running = store.is_running(job.id);
    return standing;
}

std::string BackfillStanding::word() const {
    if (is_running) return "running";
    if (!has_run) return "waiting";
    if (state.outcome == BackfillState::Outcome::running) return "broken off";
    return std::string(to_string(state.outcome));
}

} // namespace meshprobe
