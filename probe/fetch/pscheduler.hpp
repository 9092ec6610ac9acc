// How a pScheduler is asked for the results of its own runs: one GET /pscheduler/schedule for what ran in a
// window of time, one GET /pscheduler/tasks for what was to be measured, and one GET for each run whose
// result is wanted. Facts: a run's result is there once it is merged, up to 15 s after its end; lists name
// hosts as the server knows itself, which need not be how it is reached.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "probe/fetch/answer.hpp"
#include "probe/windows.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

class PScheduler {
  public:
    /// `url` ends in "/pscheduler/".
    PScheduler(HttpSession& session, std::string url) : session_(session), url_(std::move(url)) {}

    /// The documents of runs and tasks are held in memory: of what is larger, nothing is.
    static constexpr std::size_t largest_document = 4U << 20;

    /// The document of a run. It is empty if it is larger than `largest_document`, which it will stay.
    struct RunAnswer {
        std::string text;
        bool is_too_large = false;
    };

    /// Runs that began or ended within the window and are over, of tests in `tests` (empty: any). What holds
    /// lines, but none of a schedule, is a `protocol` error.
    [[nodiscard]] Result<Schedule> list(const Window& window, const std::vector<std::string>& tests,
                                        const std::function<bool()>& stop);

    /// All tasks that are enabled, by path, up to 16 MiB of what is needed of them.
    [[nodiscard]] Result<std::map<std::string, RunTask>> tasks(const std::function<bool()>& stop);
    /// One; a task that has ended is not among tasks().
    [[nodiscard]] Result<RunTask> task(const std::string& path, const std::function<bool()>& stop);

    /// Asks for the run; `on_done` is called from session.run().
    void fetch(const std::string& path, std::function<void(Result<RunAnswer>)> on_done);

    /// After an error: how long the server asked not to be asked.
    [[nodiscard]] std::optional<Microseconds> wait_asked() const { return wait_asked_; }

  private:
    [[nodiscard]] Result<HttpResponse> ask(HttpRequest request, const std::function<bool()>& stop);
    [[nodiscard]] std::string at(std::string_view path) const;

    HttpSession& session_;
    std::string url_;
    std::optional<Microseconds> wait_asked_;
};

} // namespace meshprobe
