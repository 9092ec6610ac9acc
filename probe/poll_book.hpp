// What every poll of a host keeps account of, whatever it is read from: the marks before it, what it has to
// commit, and its part of the report.
#pragma once

#include "probe/batch.hpp"
#include "probe/poll.hpp"
#include "probe/series_history.hpp"
#include "probe/subject_book.hpp"
#include "probe/windows.hpp"

#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// The source that was read.
struct ReadFrom {
    std::string url;
    Flavour flavour = Flavour::unknown;
};

/// The checkpoint, for limits.
class CommittedDeliveries final : public Deliveries {
  public:
    CommittedDeliveries(const Checkpoint& checkpoint, const Batch& batch)
        : checkpoint_(checkpoint), batch_(batch) {}
    [[nodiscard]] std::uint64_t commits() const override { return batch_.commits(); }
    [[nodiscard]] std::vector<Timestamp> of(const std::string& series) const override;

  private:
    const Checkpoint& checkpoint_;
    const Batch& batch_;
};

struct PollBook {
    PollBook(const PollSettings& settings_of, Checkpoint& checkpoint_of, LimitSet& limits_of,
             RunSummary& summary_of);
    PollBook(const PollBook&) = delete; // its members refer to each other
    PollBook& operator=(const PollBook&) = delete;

    const PollSettings& settings;
    Checkpoint& checkpoint;
    LimitSet& limits;
    RunSummary& summary;
    WindowRules rules;
    Progress before;
    std::vector<Outlet> outlets;
    Batch batch;
    SubjectBook subjects;
    SeriesHistory history;
    CommittedDeliveries deliveries;

    [[nodiscard]] HttpSession::Settings http_settings(HostKeys& keys) const;
    /// What the server's clock should say now, as far as known.
    [[nodiscard]] Timestamp clock() const;

    /// A run that was killed has recorded the plan's gap already, and read some of what lies behind it: where
    /// that begins must not move.
    void meet_recorded_gap(PollPlan& plan) const;
    void record_gap(const Gap& gap);

    /// The marks after this poll.
    [[nodiscard]] Progress next(const PollPlan& plan, const PollOutcome& outcome,
                                const ReadFrom& source) const;

    /// A series that failed for nearly as long as `catch-up` reaches no longer holds the others back: what of
    /// it will not be looked at again is recorded.
    void give_up_on(const std::vector<std::string>& series, Timestamp until);

    /// Commits what is left and, if that is worth a write, the marks.
    [[nodiscard]] Status close(const Progress& next);

    /// Numbers for the report, and what limits did for the journal; `now` by the server's clock.
    void sum_up(Timestamp now, const Journal& journal);
};

} // namespace meshprobe
