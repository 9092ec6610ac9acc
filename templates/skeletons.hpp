// The text of meshprobe@.service and meshprobe@.timer, for tasks other than the default one. Holes: @task@ is
// the task's name, @for_task@ what the description says about it.
#pragma once

#include <string_view>

namespace meshprobe {

struct Skeletons {
    std::string_view service;
    std::string_view timer;
};

extern const Skeletons system_skeletons;
extern const Skeletons user_skeletons;
/// What ExecStart= of the service calls.
extern const std::string_view probe_program;

} // namespace meshprobe
