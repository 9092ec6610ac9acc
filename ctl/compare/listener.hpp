// A queue of our own beside those of the consumers: what another collector publishes while we listen.
#pragma once

#include "ctl/compare/recording.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <functional>
#include <string>

namespace meshprobe::comparison {

struct Listening {
    std::string exchange;
    std::string routing_key; ///< a pattern of a topic exchange
    Microseconds duration{};
    std::function<void()> bound; ///< called once: from now on nothing is missed
};

/// Until the time is over, or SIGINT or SIGTERM ends it earlier. The queue is exclusive: it is gone with the
/// connection, and takes nothing from others. A connection that is lost is an error, for what was missed.
[[nodiscard]] Status listen(const Paths& paths, const Archive& broker, const Listening& listening,
                            Recording& recording);

} // namespace meshprobe::comparison
