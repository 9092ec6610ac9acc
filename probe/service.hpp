// The service a probe runs in, where nobody names it: a context plug-in executes a program, without arguments
// and perhaps (sudo) without the environment that the service manager made.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

/// The service of meshprobe whose control group this process is in; its credentials are found again
/// (CREDENTIALS_DIRECTORY). `usage` error outside of any.
[[nodiscard]] Result<std::string> service_of_this_process();

/// The unit at the end of the service manager's line of /proc/self/cgroup; empty: there is none.
[[nodiscard]] std::string_view unit_of_control_group(std::string_view text);

} // namespace meshprobe
