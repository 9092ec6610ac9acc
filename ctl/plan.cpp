// meshprobectl plan: what the generator would write now.
#include "ctl/commands.hpp"
#include "ctl/generator_run.hpp"
#include "ctl/output.hpp"

#include <fmt/core.h>

#include <cstdio>

namespace meshprobe::command {

ExitCode plan(const CommandLine& line) {
    if (!line.arguments.empty()) return complain_about_usage("plan", "plan takes no arguments");
    std::vector<std::string> arguments{"--dry-run"};
    if (line.json) arguments.emplace_back("--json");
    const auto output = run_generator(line.paths, arguments);
    if (!output) return complain(output.error());
    fmt::print("{}", output->text);
    fmt::print(stderr, "{}", output->remarks);
    return static_cast<ExitCode>(output->exit_status);
}

} // namespace meshprobe::command
