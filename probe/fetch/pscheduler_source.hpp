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
        CanSpare can_spare;
    };

    PSchedulerSource(HttpSession& session, Settings settings)
        : scheduler_(session, settings.url), session_(session), settings_(std::move(settings)) {}

    /// The schedule of a long window is read in slices; each begins with a page without results.
    [[nodiscard]] Result<std::optional<Page>> next(const std::function<bool()>& stop) override;
    [[nodiscard]] std::optional<Microseconds> wait_asked() const override { return scheduler_.wait_asked(); }

  private:
    struct Wanted {
        ScheduledRun run;
        const nlohmann::json* task;
        const SeriesSubject* subject;
    };

    [[nodiscard]] Result<Page> list(const std::function<bool()>& stop);
    [[nodiscard]] Status learn_tasks(const std::function<bool()>& stop);
    [[nodiscard]] Status want(std::vector<ScheduledRun> runs, Page& page, const std::function<bool()>& stop);
    [[nodiscard]] Result<Page> fetch(const std::function<bool()>& stop);
    void take(const Wanted& wanted, const Result<nlohmann::json>& run, Page& page) const;

    PScheduler scheduler_;
    HttpSession& session_;
    Settings settings_;
    Timestamp listed_until_ = 0;
    bool has_tasks_ = false;
    std::map<std::string, nlohmann::json> tasks_;                  ///< by path; null: it cannot be had
    std::map<std::string, std::optional<SeriesSubject>> subjects_; ///< by path of the task
    std::vector<Wanted> wanted_;                                   ///< in order of their start
    std::size_t fetched_ = 0;                                      ///< of them
};

} // namespace meshprobe
