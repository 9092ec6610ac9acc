// What stands under hosts.HOST: settings of every task there, of single tasks under `tasks`, and notes.
#pragma once

#include "lib/config/schema.hpp"

namespace meshprobe {

struct HostView {
    TaskSettings settings; ///< `enabled` speaks of the task …
    Description description;
    bool host_enabled = true; ///< … and this of the host; both must be true
};

/// Lays one section over what more general ones gave. With `task` empty the settings of single tasks stay
/// out.
void lay_over(Reader& reader, const Node& section, std::string_view task, HostView& view);

} // namespace meshprobe
