// The generator as a program: what it plans, without its code. There is one set of rules, in one place.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

struct GeneratorOutput {
    int exit_status = 0; ///< 1: something is left out, and `remarks` say what
    std::string text;    ///< its standard output
    std::string remarks; ///< its standard error
};

/// Runs the generator found beside this program, or where systemd has it.
[[nodiscard]] Result<GeneratorOutput> run_generator(const Paths& paths,
                                                    const std::vector<std::string>& arguments);

struct WantedUnits {
    std::set<std::string> links;              ///< names in meshprobe.target.wants/
    std::map<std::string, std::string> files; ///< drop-ins and templates: path below its directory -> content
};

/// What it would write now.
struct PlannedUnits {
    WantedUnits units;
    int exit_status = 0; ///< as in GeneratorOutput
    std::string remarks;
};
[[nodiscard]] Result<PlannedUnits> plan_units(const Paths& paths);

/// What it wrote when systemd ran it last: below Paths::generated_units(), ours only.
[[nodiscard]] WantedUnits generated_units(const Paths& paths);

} // namespace meshprobe
