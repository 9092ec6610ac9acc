// jq as limit documents have it: {"script": text or lines, "args": {…}, "output-raw": …}. Scripts may import
// pScheduler's modules iso8601 and si (lib/jq/pscheduler), and nothing else: strangers write them.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "probe/limit/pscheduler/world.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe::pscheduler {

struct Script {
    std::string program; ///< complete but for the modules
    nlohmann::json arguments = nlohmann::json::object();
    bool output_raw = false;

    [[nodiscard]] Result<std::optional<nlohmann::json>> first_result(const World& world,
                                                                     const nlohmann::json& input) const;
    /// Whether it speaks of a member: a script that does not is not shown it.
    [[nodiscard]] bool mentions(std::string_view word) const;
};

/// Imports come to the front, then the `prelude` (definitions, and ". | " if need be) and the script, whose
/// lines keep their numbers. `configuration` error: an import of something else, or one that does not end.
[[nodiscard]] Result<std::string> compose_program(std::string_view prelude, std::string_view script);

} // namespace meshprobe::pscheduler
