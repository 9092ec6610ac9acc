// A back-fill of one instance: what is to be fetched, how far it got, and what is left of it. All files stand
// in /var/lib/meshprobe/backfill and survive crashes and boots:
//
//   ID.job        what was asked for: written once, by meshprobectl; JSON
//   ID.state      how it goes, for people: written by the probe, after each slice; JSON
//   ID.snapshot, ID.log, ID.lock
//                 a checkpoint of its own, as lib/checkpoint/ has them: what was spooled and how far the job
//                 is stand in one record, so that a slice that a crash broke off is gone on with where it was
//                 cut, and no result is spooled twice. `Progress::polled_until` tells: all before is done
//
// ID is TASK:HOST.DIGEST, HOST as in unit names; the digest is of what was typed and of what that meant. The
// checkpoint of the regular runs is read, never written.
#pragma once

#include "lib/backfill/range.hpp"
#include "lib/checkpoint/gap.hpp"
#include "lib/checkpoint/load.hpp"
#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// The results of such a gap were fetched and got lost later: the quota of a spool, a transform.
[[nodiscard]] bool was_lost(const Gap& gap);

struct BackfillJob {
    std::string id;
    Instance instance;
    std::vector<BackfillRange> ranges;    ///< ascending by `since`; at least one
    bool gaps = false;                    ///< the ranges are recorded gaps, and nothing else is asked for
    bool again = false;                   ///< what was delivered is delivered again
    std::vector<std::string> event_types; ///< empty: those of the task
    std::vector<std::string> archives;    ///< names; at least one
    std::int64_t made_usec = 0;
    /// Of the ranges, what other jobs bring, or have brought, to the same archives: it is left to them.
    std::vector<BackfillRange> brought{};
    std::string words{}; ///< that asked for it; the same ones go on with it as long as it is not finished

    [[nodiscard]] Timestamp since() const;
    [[nodiscard]] Timestamp until() const;
};

struct BackfillState {
    enum class Outcome {
        running, ///< or waiting: what for stands in `message`; if nobody holds its lock, it was broken off
        done,
        partial, ///< all was asked for; `failed` could not be had, and is in the ledger of gaps
        stopped, ///< broken off for the reason in `message`: it goes on when it is started again
    };
    Outcome outcome = Outcome::running;
    std::string message;
    Timestamp reached = 0; ///< all before is done
    std::uint64_t points = 0;
    std::uint64_t messages = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0; ///< received
    std::int64_t started_usec = 0;
    std::int64_t finished_usec = 0; ///< 0: it is not
    std::vector<BackfillRange> failed;

    [[nodiscard]] bool is_finished() const { return outcome == Outcome::done || outcome == Outcome::partial; }
};
[[nodiscard]] std::string_view to_string(BackfillState::Outcome outcome);

/// How much of the ranges lies before `reached`, from 0 to 1.
[[nodiscard]] double share_done(const BackfillJob& job, Timestamp reached);

/// "TASK:HOST.DIGEST"; `words`: all that was asked for, in any fixed form.
[[nodiscard]] std::string backfill_id(const Instance& instance, std::string_view words);
/// "meshprobe-backfill-ID.service"
[[nodiscard]] std::string backfill_unit(std::string_view id);
/// The ID of a unit's name; empty: it is no back-fill's.
[[nodiscard]] std::string_view backfill_of_unit(std::string_view unit);

class BackfillStore {
  public:
    explicit BackfillStore(const Paths& paths) : directory_(paths.backfills()) {}

    /// `usage` error if it is no id, nullopt if there is no such job.
    [[nodiscard]] Result<std::optional<BackfillJob>> read(const std::string& id) const;
    [[nodiscard]] Status write(const BackfillJob& job) const;
    /// In order of their ids; those that cannot be read are left out and told in `problems`.
    [[nodiscard]] Result<std::vector<BackfillJob>> list(std::vector<Error>& problems) const;
    [[nodiscard]] Result<std::vector<BackfillJob>> of_instance(const Instance& instance) const;

    /// nullopt: it never ran.
    [[nodiscard]] Result<std::optional<BackfillState>> read_state(const std::string& id) const;
    [[nodiscard]] Status write_state(const std::string& id, const BackfillState& state) const;

    /// Of the checkpoint.
    [[nodiscard]] CheckpointFiles checkpoint(const std::string& id) const { return {directory_, id}; }
    /// Held by who makes jobs out of what the others leave, until they are written down; waits for it.
    [[nodiscard]] Result<FileLock> lock_planning() const;
    /// Held as long as it runs; nullopt: it runs already.
    [[nodiscard]] Result<std::optional<FileLock>> begin_to_run(const std::string& id) const;
    [[nodiscard]] bool is_running(const std::string& id) const;
    /// All its files but the job itself: it begins anew.
    [[nodiscard]] Status forget_progress(const std::string& id) const;
    [[nodiscard]] Status remove(const std::string& id) const;

  private:
    [[nodiscard]] Result<std::vector<std::string>> ids() const;
    [[nodiscard]] std::filesystem::path lock(const std::string& id) const;
    [[nodiscard]] std::filesystem::path file(const std::string& id, std::string_view suffix) const;

    std::filesystem::path directory_;
};

} // namespace meshprobe
