// What the report asks somebody to do, and what it says about one host.
#pragma once

#include "ctl/status/report.hpp"

#include <string>

namespace meshprobe::status {

/// What was skipped on purpose, and why: one line a host, range and reason. Empty if nothing was.
[[nodiscard]] std::string gaps(const Report& report);
/// One line for each thing that waits for a person, with the command that does it.
[[nodiscard]] std::string advice(const Report& report);
/// "full: the tasks that feed it wait", or what else its configuration wants done then.
[[nodiscard]] std::string what_full_means(const ArchiveStatus& archive);
/// Everything about one instance.
[[nodiscard]] std::string details(const Report& report, const InstanceStatus& status);

} // namespace meshprobe::status
