// A service that exists for one start: it runs another command, and is otherwise like a service that does
// exist, with everything that the drop-ins of administrators and of the generator made of that one: user,
// credentials, network namespace, resource limits, sandbox. A template of its own would know nothing of them.
#pragma once

#include "ctl/bus.hpp"
#include "lib/error.hpp"

#include <string>
#include <vector>

namespace meshprobe {

struct TransientService {
    std::string unit; ///< "NAME.service"
    std::string description;
    std::string like; ///< the unit that it resembles; need not be active
    /// The first word is an absolute path. Where a context plug-in starts the program of the unit that it
    /// resembles, the plug-in is started, and the name of the unit must say what is to be done.
    std::vector<std::string> command;
};

/// Queues its start: a oneshot service, without a limit of time, that is forgotten once it ended. The answer
/// is the object path of the job; empty: the unit runs already.
[[nodiscard]] Result<std::string> start_transient(sd_bus* bus, const TransientService& service);

} // namespace meshprobe
