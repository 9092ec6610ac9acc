// A source of results that come run by run: each with all that its test measured, in the order of their
// arrival. Esmond is asked series by series instead.
#pragma once

#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "lib/pscheduler/run_record.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

class RunSource {
  public:
    struct EmptyRun {
        SeriesSubject subject; ///< its key counts
        Timestamp ts = 0;
    };
    struct Page {
        std::vector<RunRecord> results;
        /// Looked at, and not to be asked for again: ended without any result, not even that of a failure, or
        /// with one that is none.
        std::vector<EmptyRun> empty;
        std::optional<Timestamp> date; ///< the server's clock
        /// All that arrived before was shown, on this page or an earlier one; 0: nothing is known of that.
        Timestamp arrived_until = 0;
        std::uint64_t skipped = 0; ///< what was no result
        std::string first_skipped; ///< and why
        /// Results that could not be had now: the mark must not pass them.
        std::uint64_t failed = 0;
        std::string first_failure;
    };

    virtual ~RunSource() = default;
    /// nullopt: there was no further page. `refused` and `protocol` errors: this is no source of its kind.
    /// What had arrived before an error is on a page of its own, before it.
    [[nodiscard]] virtual Result<std::optional<Page>> next(const std::function<bool()>& stop) = 0;
    /// After an error: how long the server asked not to be asked.
    [[nodiscard]] virtual std::optional<Microseconds> wait_asked() const = 0;

    /// What the checkpoint is to remember in place of the URL; empty: the URL.
    [[nodiscard]] virtual std::string version() const { return {}; }

  protected:
    RunSource() = default;
    RunSource(const RunSource&) = default;
    RunSource& operator=(const RunSource&) = default;
};

} // namespace meshprobe
