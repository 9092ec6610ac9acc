// The pScheduler of a host as a source of the results of its own runs.
#pragma once

#include "probe/fetch/pscheduler.hpp"
#include "probe/fetch/run_source.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

using EventTypes = std::span<const std::string_view>;

class PSchedulerSource final : public RunSource {
  public:
    /// Whether a run that would bring values of these event types need not be fetched.
    using CanSpare = std::function<bool(const SeriesSubject& subject, EventTypes types, Timestamp ts)>;

    struct Settings {
        std::string url;
        Window window;
        std::vector<std::string> tests; ///< types; empty: all
        unsigned at_once = 4;           ///< runs that are asked for
        CanSpare can_spare;
    };

    PSchedulerSource(HttpSession& session, Settings settings)
        : scheduler_(session, settings.url), session_(session), settings_(std::move(settings)) {}

    /// The schedule of a long window is read in slices; each begins with a page without results.
    [[nodiscard]] Result<std::optional<Page>> next(const std::function<bool()>& stop) override;
    [[nodiscard]] std::optional<Microseconds> wait_asked() const override { return scheduler_.wait_asked(); }

  private:
    struct KnownTask {
        std::optional<RunTask> task; ///< nullopt: it cannot be had, or is none
        bool is_listed = true;       ///< otherwise it has ended, and had to be asked for
        bool is_understood = false;  ///< `subject` is what it tells
        std::optional<SeriesSubject> subject;
    };
    struct Wanted {
        ScheduledRun run;
        const KnownTask* task;
    };

    [[nodiscard]] Result<Page> list(const std::function<bool()>& stop);
    [[nodiscard]] Status learn_tasks(const std::function<bool()>& stop);
    [[nodiscard]] Status want(std::vector<ScheduledRun> runs, Page& page, const std::function<bool()>& stop);
    [[nodiscard]] Result<KnownTask> ask_for(const std::string& task, Page& page,
                                            const std::function<bool()>& stop);
    [[nodiscard]] Result<Page> fetch(const std::function<bool()>& stop);
    void take(const Wanted& wanted, Result<PScheduler::RunAnswer> answer, Page& page);
    [[nodiscard]] Status read(const Wanted& wanted, PScheduler::RunAnswer answer, Page& page);
    void settle_too_large(std::uint64_t asked, Page& page);
    static void skip(const Wanted& wanted, const std::string& why, Page& page);
    static void note_run(const ScheduledRun& run, const KnownTask& task, Page& page);

    PScheduler scheduler_;
    HttpSession& session_;
    Settings settings_;
    Timestamp listed_until_ = 0;
    Timestamp clock_ = 0; ///< the server's, when it listed last
    bool has_tasks_ = false;
    std::size_t asked_for_ = 0;              ///< tasks that are not listed
    std::map<std::string, KnownTask> tasks_; ///< by path
    std::vector<Wanted> wanted_;             ///< in order of their start
    std::size_t fetched_ = 0;                ///< of them
    std::size_t gathered_ = 0;               ///< bytes of the page's results
    std::vector<const Wanted*> too_large_;   ///< of the page
    std::optional<Error> last_error_;
    bool is_over_ = false; ///< with last_error_: no more is to be asked for
};

} // namespace meshprobe
