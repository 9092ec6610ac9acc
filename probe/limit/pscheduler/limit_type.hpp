// What a task is judged by. One function makes each type from its data; what cannot be evaluated fails, and
// cannot be inverted.
#pragma once

#include "probe/limit/pscheduler/data_reader.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace meshprobe::pscheduler {

struct Proposal {
    const nlohmann::json& task; ///< with "run_schedule" if it is about a run
    const nlohmann::json& hints;
};

struct Outcome {
    bool passed = false;
    std::string reason;      ///< why not
    bool is_answered = true; ///< false: it could not be evaluated

    [[nodiscard]] static Outcome pass() { return {true, {}}; }
    [[nodiscard]] static Outcome failure(std::string reason) { return {false, std::move(reason)}; }
    [[nodiscard]] static Outcome unanswered(std::string reason) { return {false, std::move(reason), false}; }
};

class TaskLimit {
  public:
    virtual ~TaskLimit() = default;
    /// Error: somebody would have to be asked, and was not (World).
    [[nodiscard]] virtual Result<Outcome> judge(const Proposal& proposal, const World& world) const = 0;
    /// Judges nothing but when a run takes place: passes, not to be inverted, where there is no run.
    [[nodiscard]] virtual bool is_about_schedule() const { return false; }
    /// The outcome may differ from run to run of a task.
    [[nodiscard]] virtual bool depends_on_run() const { return is_about_schedule(); }

  protected:
    TaskLimit() = default;
    TaskLimit(const TaskLimit&) = default;
    TaskLimit& operator=(const TaskLimit&) = default;
};

using MakeTaskLimit = std::unique_ptr<TaskLimit> (*)(DataReader& data);
struct TaskLimitType {
    std::string_view name;
    MakeTaskLimit make;
};
[[nodiscard]] std::span<const TaskLimitType> task_limit_types();

std::unique_ptr<TaskLimit> make_run_daterange(DataReader& data); // run_daterange.cpp
std::unique_ptr<TaskLimit> make_run_schedule(DataReader& data);  // run_schedule.cpp
std::unique_ptr<TaskLimit> make_url_fetch(DataReader& data);     // url_fetch.cpp

} // namespace meshprobe::pscheduler
