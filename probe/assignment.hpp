// What a run has to do: what the configuration and refresh say about its instance.
#pragma once

#include "lib/config/load.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"
#include "probe/limit/limit_set.hpp"
#include "probe/outlet.hpp"

#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

struct Assignment {
    TaskSettings task;
    LimitSet limits;
    std::vector<Archive> archives;         ///< enabled ones
    std::vector<Destination> destinations; ///< beside them
    std::vector<std::string> measurement_archives;
    Instance state_of;         ///< whose checkpoint it goes on with
    std::string nothing_to_do; ///< why this run ends here, successfully
    bool is_alias = false;     ///< that is why: told when it was found out, and not with each run
};

/// What a run does otherwise than the configuration says.
struct Exceptions {
    std::optional<std::vector<std::string>> archives; ///< these only, whether the task names them or not
    bool without_age = false;                         ///< limits of type "age" do not apply
};

/// Errors say what to do about it.
[[nodiscard]] Result<Assignment> assign(const Paths& paths, const LoadedConfig& loaded,
                                        const Instance& instance, const Exceptions& exceptions = {});

} // namespace meshprobe
