// When the run of a proposal takes place.
#pragma once

#include "lib/json.hpp"
#include "probe/limit/pscheduler/time.hpp"

namespace meshprobe::pscheduler {

struct RunTime {
    IsoTime start;
    IsoTime end; ///< start + duration, in the same zone
};

/// Of task.run_schedule {"start", "duration"}; nullopt: there is none that can be read.
[[nodiscard]] std::optional<RunTime> run_time_of(const nlohmann::json& task);

} // namespace meshprobe::pscheduler
