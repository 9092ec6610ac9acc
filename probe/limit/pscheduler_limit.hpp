// type: pscheduler — what a limit document of pScheduler does not let pass. Each series is judged as the task
// that measured it, requested by the measurement agent from the measurement archive; each result as a run of
// that task, where the document cares about runs.
#pragma once

#include "lib/json.hpp"
#include "lib/paths.hpp"
#include "probe/limit/limit.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace meshprobe {

/// `server`: the host whose archive is read. `configuration` error if there is no usable document. `paths`
/// must outlive it.
[[nodiscard]] Result<std::unique_ptr<LimitRule>> make_pscheduler_limit(const Limit& limit, const Paths& paths,
                                                                       const std::string& server);

/// The task that measured a series, as far as its metadata tells: meshprobe-limits(5).
[[nodiscard]] nlohmann::json task_of(const JudgedSeries& series);
/// {"start", "duration"} of the run that brought a result.
[[nodiscard]] nlohmann::json run_schedule_of(const JudgedSeries& series, Timestamp ts);

} // namespace meshprobe
