// One series (an event type of a metadata entry) while it is being read: sorts out what is new, judges it,
// cuts it into messages and keeps what the checkpoint is to be told, so that a commit at any moment is
// consistent.
#pragma once

#include "lib/format/format.hpp"
#include "probe/batch.hpp"
#include "probe/fetch/window_reader.hpp"
#include "probe/limit/limit_set.hpp"
#include "probe/outlet.hpp"
#include "probe/series_history.hpp"
#include "probe/tally.hpp"
#include "probe/windows.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace meshprobe {

/// What to read of a series; kept while it waits for its turn.
struct SeriesJob {
    std::shared_ptr<const MetadataEntry> entry;
    std::string event_type; ///< or summaries of one
    std::string base_uri;
    std::optional<Timestamp> time_updated;
    SeriesPlan plan;

    [[nodiscard]] std::string id() const { return entry->key + " " + event_type; }
};

/// What all series of a run share.
struct SeriesContext {
    Checkpoint& checkpoint;
    const SeriesHistory& history;
    Batch& batch;
    std::vector<Outlet>& outlets;
    LimitSet& limits;
    Tally& tally;
    Timestamp now; ///< the server's Date
    Flavour flavour;
    std::function<Status()> commit_if_due;
    std::function<bool()> go_on; ///< between two pages
    std::string body = {};       ///< of the message being made: one at a time, whatever is in flight
};

class SeriesRun final : public PointSink, private Earlier {
  public:
    enum class Part { recent, deeper, hole };

    SeriesRun(SeriesJob job, SeriesContext& context);

    [[nodiscard]] const SeriesJob& job() const { return job_; }
    /// Limits may leave it out, or fail it, before anything is read.
    [[nodiscard]] const LimitDecision& whole() const { return limits_.whole(); }
    [[nodiscard]] Part part() const { return part_; }
    [[nodiscard]] Window window() const; ///< of the part
    void begin(Part part) { part_ = part; }
    /// Once the part is read: of what range nothing can be missing any longer. An error: a limit failed the
    /// series while its last messages were made.
    [[nodiscard]] Result<Window> fetched();
    /// `recent` is read. Whether the archive announced something that was not in it.
    [[nodiscard]] Timestamp complete_until() const { return complete_until_; }
    [[nodiscard]] bool must_look_deeper() const {
        return job_.plan.deeper && !job_.plan.deeper_first && taken_.empty();
    }

    [[nodiscard]] Status take(std::span<const Point> points, const Window& asked) override;
    void covered(Timestamp until) override;
    [[nodiscard]] bool go_on() override { return context_.go_on(); }

    /// No more of this part will come. `everything`: all that was planned was read.
    void end(bool succeeded, bool everything);
    /// What is in the batch's messages and not in a commit yet: to be committed with them.
    [[nodiscard]] SeriesChange change();

  private:
    struct Gathered {
        Timestamp ts;
        std::size_t offset;
        std::size_t size;
        bool plain;
        LimitFlags flags;
    };

    [[nodiscard]] Status take_one(const Point& point, const Window& asked);
    [[nodiscard]] std::size_t received(Timestamp from, Timestamp until) const override;
    void remember(const Point& point);
    /// It came before: counted, and whether with this value.
    void note_repeated(const Point& point);
    void gather(const Point& point, LimitFlags flags);
    void flush();
    void judge_deliveries();
    void send(std::span<const Gathered> part);
    /// One message of an outlet, or, where a limit finds it too large, several.
    void write(std::size_t outlet, std::span<const Point> points, LimitFlags flags);
    /// Into context_.body.
    void put(std::size_t outlet, std::span<const Point> points, LimitFlags flags);
    void deliver(Outlet& outlet, std::span<const Point> points);
    void give_up(const Outlet::Delivery& delivery, std::span<const Point> points, const std::string& why);
    /// A limit ends the reading: no mark passes this result.
    void fail_at(Timestamp ts, const LimitDecision& decision);

    SeriesJob job_;
    SeriesContext& context_;
    std::string id_;
    std::vector<std::unique_ptr<Format>> formats_; ///< beside the outlets; null: it is not for such a series
    SeriesLimits limits_;
    std::optional<SeriesState> state_; ///< at the begin of the run
    Part part_ = Part::recent;

    std::vector<Timestamp> taken_;       ///< by this run, ascending
    std::vector<std::uint32_t> digests_; ///< of their values, beside taken_
    std::vector<Timestamp> refused_;     ///< by a limit that fails the series, of what is being sent
    std::vector<Timestamp> settled_;     ///< of these, in messages (or dropped) since the last change()
    std::vector<Gathered> gathered_;     ///< the next message
    std::string values_;           ///< their bytes, and some that others may read behind the last of them
    std::optional<Error> failure_; ///< a limit's
    Timestamp failed_at_ = latest_timestamp;
    Timestamp newest_ = 0;
    Timestamp complete_until_ = 0; ///< as it is to be committed
    Timestamp told_complete_ = 0;  ///< as it was committed
    bool begins_anew_ = false;     ///< the marks there were are of a clock that was set back
    bool must_be_known_ = false; ///< it has points, or failed: where its reading began must not be forgotten
    std::optional<Timestamp> updated_;
};

} // namespace meshprobe
