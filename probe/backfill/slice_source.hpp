// Where a back-fill reads its slices: one kind of archive of the host. What is read goes into the book's
// batch and, as it grows, into commits; the mark that the slice is done is the caller's to set.
#pragma once

#include "lib/backfill/job.hpp"
#include "lib/backfill/slices.hpp"
#include "lib/error.hpp"
#include "probe/backfill/neighbours.hpp"
#include "probe/poll_book.hpp"
#include "probe/stop.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct SliceResult {
    /// What could not be had now, and may be had later.
    std::vector<BackfillRange> failed;
    std::string first_failure;
    std::vector<std::string> read; ///< ids of series that were asked for and answered
    /// What lies behind is left to the regular runs, of some series at least.
    Timestamp left_from = latest_timestamp;
    /// Other names of the same archive, under which what was left out is collected.
    std::vector<std::string> left_to;
};

/// What all slices of a job share.
struct SliceContext {
    PollBook& book;
    HostKeys& keys;
    const BackfillJob& job;
    Stop& stop;
    const Journal& journal;
    std::optional<RegularRuns> regular; ///< as it stands when the slice begins

    [[nodiscard]] const std::vector<std::string>& event_types() const {
        return job.event_types.empty() ? book.settings.task.event_types : job.event_types;
    }
    /// … and summaries of some.
    [[nodiscard]] std::vector<std::string> series() const {
        return job.event_types.empty() ? book.settings.task.series() : job.event_types;
    }
    /// Regular runs go on meanwhile, and they come first.
    [[nodiscard]] unsigned max_requests() const { return std::max(1U, book.settings.task.max_requests / 2); }
    /// What is to be fetched of a series in a range, `end()` not looked at.
    [[nodiscard]] std::vector<BackfillRange> parts(const BackfillRange& range,
                                                   std::string_view series) const {
        std::vector<BackfillRange> others;
        for (const auto& other : job.brought) {
            if (other.lost == range.lost && concerns(other, series)) others.push_back(other);
        }
        return without(range, others);
    }
    /// The end of what is to be fetched of a series.
    [[nodiscard]] Timestamp end(const BackfillRange& range, std::string_view series) const {
        return job.gaps || !regular ? range.until : std::min(range.until, regular->from(series));
    }
};

class SliceSource {
  public:
    virtual ~SliceSource() = default;
    /// An error: the host as a whole, or something local. Asked again for the same slice after an error or
    /// failures, it asks the host for what was not had.
    [[nodiscard]] virtual Result<SliceResult> read(const BackfillSlice& slice) = 0;
    /// After an error: how long the server asked not to be asked.
    [[nodiscard]] virtual std::optional<Microseconds> wait_asked() const = 0;
    /// What answered.
    [[nodiscard]] virtual ReadFrom source() const = 0;
    /// So far.
    [[nodiscard]] virtual std::uint64_t requests() const = 0;
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;

  protected:
    SliceSource() = default;
    SliceSource(const SliceSource&) = default;
    SliceSource& operator=(const SliceSource&) = default;
};

} // namespace meshprobe
