// Reads the series of one poll, several at a time: first the newest data of all, then what is still owed from
// before, oldest first, for as long as there is time. One series that fails disturbs no other.
#pragma once

#include "probe/poll_book.hpp"
#include "probe/series_run.hpp"

#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace meshprobe {

class Collector {
  public:
    using Clock = std::chrono::steady_clock;

    struct Settings {
        std::string archive_url;
        unsigned max_requests = 4;
        Clock::time_point catch_up_end; ///< no further page of a hole after this
        std::function<bool()> stop;     ///< SIGTERM, or the run's time is over
        PageSize* page_size = nullptr;  ///< null: the largest there is
        /// A series need not be asked again: it was read, or (`false`) asking again will not help.
        std::function<void(const SeriesJob& job, bool read)> on_settled = {};
    };

    Collector(HttpSession& session, PollBook& book, Timestamp now, Flavour flavour, Settings settings);

    void add(SeriesJob job) { queue_.push_back(std::move(job)); }
    /// What was added, as far as it is recent. An error ends the run (a local fault, or the stop).
    [[nodiscard]] Status read_recent();
    [[nodiscard]] Status read_holes();
    /// What is finished and what is not, consistently.
    [[nodiscard]] Status commit();

    /// The host as a whole does not answer any more, asks to be left alone, or shows another key.
    /// The source is failing as a whole, as far as one can tell: of what was asked for nothing came, or in
    /// the end there was no answer.
    [[nodiscard]] bool is_failing() const { return !failed_.empty() && (answered_ == 0 || unanswered_ > 0); }
    [[nodiscard]] const std::optional<Error>& host_error() const { return host_error_; }
    [[nodiscard]] std::optional<Microseconds> wait_asked() const { return wait_asked_; }
    [[nodiscard]] bool is_cut_short() const { return cut_short_ || !queue_.empty(); }
    [[nodiscard]] bool has_holes() const { return !holes_.empty(); }
    [[nodiscard]] Timestamp owed() const; ///< the longest hole left
    /// Series that failed in a way that may pass.
    [[nodiscard]] const std::vector<std::string>& failed() const { return failed_; }

  private:
    using Active = std::list<SeriesRun>::iterator;

    [[nodiscard]] Status run();
    [[nodiscard]] Status commit_if_due();
    [[nodiscard]] bool must_stop();
    void fill();
    void begin(SeriesJob job);
    void read(Active active);
    void on_done(Active active, ReadResult result);
    void count(const PointCounts& counts);
    /// nullopt: the series is through.
    [[nodiscard]] std::optional<SeriesRun::Part> next_part(const SeriesRun& run) const;
    void on_failure(Active active, const ReadResult& result);
    void note_failure(const SeriesJob& job, std::string_view why);
    void settle(const SeriesJob& job, bool read) const;
    void retire(Active active);

    HttpSession& session_;
    Batch& batch_;
    Tally& tally_;
    Settings settings_;
    SeriesContext context_;
    std::minstd_rand shuffle_;

    std::deque<SeriesJob> queue_;
    std::vector<SeriesJob> holes_;
    std::list<SeriesRun> active_; // a list: readers refer to its members
    SeriesRun::Part first_part_ = SeriesRun::Part::recent;

    std::optional<Error> fault_; ///< local: a commit failed
    std::optional<Error> host_error_;
    std::optional<Microseconds> wait_asked_;
    std::vector<std::string> failed_;
    std::uint64_t answered_ = 0; ///< windows that were read
    unsigned unanswered_ = 0;    ///< transfers in a row that broke off without an answer
    bool cut_short_ = false;
};

} // namespace meshprobe
