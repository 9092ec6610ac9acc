// Takes results that come run by run, each with values of several event types, and sorts them into their
// series: the counterpart of Collector for sources that are not asked series by series.
#pragma once

#include "probe/fetch/run_source.hpp"
#include "probe/poll_book.hpp"
#include "probe/series_run.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class RunCollector {
  public:
    struct Settings {
        std::vector<std::string> event_types; ///< others are passed over; empty: all are wanted
        std::function<bool()> stop;
        /// Results of other times are passed over, series by series; empty: none are.
        std::function<bool(std::string_view series, Timestamp ts)> takes = {};
    };

    RunCollector(PollBook& book, Timestamp now, Flavour flavour, Settings settings);

    /// A run of which nothing is delivered is noted as one that was seen, if its source is asked run by run.
    void take(const RunRecord& record);
    /// There was a run, but nothing to deliver of it: can_spare() knows it from now on.
    void note_empty(const SeriesSubject& subject, Timestamp ts);
    /// Everything that arrived so far was taken: it is ready to be committed, together with the `progress`
    /// that says so, and is if there is enough of it.
    [[nodiscard]] Status settle(const std::optional<Progress>& progress);

    /// Series that a limit failed: nothing of them passes the mark of the host.
    [[nodiscard]] const std::vector<std::string>& failed() const { return failed_; }

    /// Whether a run that would bring values of `event_types` need not be fetched: some are known, none is
    /// wanted, or there is nothing in it.
    [[nodiscard]] bool can_spare(const SeriesSubject& subject, std::span<const std::string_view> event_types,
                                 Timestamp ts) const;

  private:
    [[nodiscard]] bool is_wanted(std::string_view event_type) const;
    SeriesRun& series(const SeriesSubject& subject, const std::string& event_type);
    [[nodiscard]] bool is_seen(const SeriesSubject& subject, std::string_view event_type, Timestamp ts) const;
    bool tell_problems(const RunRecord& record);
    void note_failure(const std::string& id, const Error& error);
    [[nodiscard]] Status commit();

    PollBook& book_;
    Settings settings_;
    SeriesContext context_;
    Window window_;
    std::map<std::string, SeriesRun, std::less<>> series_; ///< by id; what was not committed yet
    std::map<std::string, std::vector<Timestamp>> empty_;  ///< by the id of the series that notes them
    std::vector<std::string> failed_;                      ///< ids
};

} // namespace meshprobe
