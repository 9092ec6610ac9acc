#include "probe/backfill/neighbours.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace meshprobe {

Status add_backfilled(const Paths& paths, const Instance& instance, const std::vector<std::string>& archives,
                      std::string_view self, SeriesHistory& history, std::vector<Gap> lost) {
    const BackfillStore store(paths);
    const auto jobs = store.of_instance(instance);
    if (!jobs) return fail(jobs.error());
    std::map<std::string, CheckpointStates> of_archives;
    for (const auto& archive : archives)
        of_archives[archive];
    for (const auto& job : *jobs) {
        if (job.id == self) continue;
        auto state = read_checkpoint(store.checkpoint(job.id));
        if (!state) return fail(state.error());
        if (!*state) continue;
        const auto shared = std::make_shared<const CheckpointState>(std::move(**state));
        for (const auto& archive : job.archives) {
            const auto fed = of_archives.find(archive);
            if (fed != of_archives.end()) fed->second.push_back(shared);
        }
    }
    std::set<CheckpointStates> distinct; // mostly, all are fed by the same jobs
    for (auto& [archive, states] : of_archives) {
        if (states.empty()) return {};
        distinct.insert(std::move(states));
    }
    if (!distinct.empty()) history.also_sent({distinct.begin(), distinct.end()}, std::move(lost));
    return {};
}

Result<RegularRuns> RegularRuns::read(const Paths& paths, const Instance& instance, const WindowRules& rules,
                                      Microseconds interval, Timestamp now) {
    auto state = read_checkpoint(paths, instance);
    if (!state) return fail(state.error());
    RegularRuns runs;
    if (!*state) return runs;
    runs.state_ = std::make_shared<const CheckpointState>(std::move(**state));
    runs.overlap_ = rules.overlap;
    const Timestamp missed = 3 * std::chrono::duration_cast<std::chrono::seconds>(interval).count();
    runs.are_current_ = runs.state_->progress.polled_until >= now - std::max(missed, rules.overlap);
    return runs;
}

Timestamp RegularRuns::from(std::string_view series) const {
    if (!are_current_) return latest_timestamp;
    const auto marks = state_->series.marks(series);
    const bool is_known = marks && marks->newest > 0;
    const Timestamp mark = is_known ? marks->complete_until : state_->progress.polled_until;
    return std::max(mark - overlap_, state_->progress.since);
}

} // namespace meshprobe
