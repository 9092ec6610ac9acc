// meshprobectl mesh expand|hosts|validate: what a mesh document means, configured or not.
#pragma once

#include "lib/command_line.hpp"
#include "lib/exit_code.hpp"

#include <string>
#include <vector>

namespace meshprobe::command {

// Each with the words behind its own name.
ExitCode mesh_expand(const CommandLine& line, const std::vector<std::string>& arguments);
ExitCode mesh_hosts(const CommandLine& line, const std::vector<std::string>& arguments);
ExitCode mesh_validate(const CommandLine& line, const std::vector<std::string>& arguments);

} // namespace meshprobe::command
