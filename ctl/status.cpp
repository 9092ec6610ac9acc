// meshprobectl status: how it goes, what waits for a person, and an exit code for scripts.
#include "ctl/commands.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/output.hpp"
#include "ctl/status/gather.hpp"
#include "ctl/status/show.hpp"

#include <fmt/core.h>

namespace meshprobe {

ExitCode command::status(const CommandLine& line) {
    const auto report = status::gather(line.paths, line.arguments);
    if (report.instances.empty() && !line.arguments.empty()) {
        const auto known = every_host(line.paths);
        if (!known) return complain(known.error());
        return complain_about_usage("status", no_such_host(line.arguments.front(), *known));
    }
    const status::Style style{!line.has("no-legend"), !line.arguments.empty(), output_width()};
    fmt::print("{}", line.json ? status::as_json(report) : status::as_text(report, style));
    if (report.not_running()) return ExitCode::not_running;
    if (report.is_blind) return ExitCode::storage;
    return report.degraded() ? ExitCode::degraded : ExitCode::success;
}

} // namespace meshprobe
