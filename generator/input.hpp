// What the generator reads: configuration, host list, and which files exist. It waits for nothing and follows
// no links into the state; where a file cannot be used, the last good one kept beside the plan is.
#pragma once

#include "generator/plan.hpp"
#include "lib/config/load.hpp"
#include "lib/error.hpp"
#include "lib/message_id.hpp"
#include "lib/paths.hpp"

#include <string>
#include <vector>

namespace meshprobe {

struct Remark {
    MessageId id;
    std::string text;
};

struct Input {
    Config config;
    Facts facts;
    std::vector<Remark> remarks; ///< one line each: what is wrong and what is used instead
};

/// An error only if the configuration is broken and none was kept.
[[nodiscard]] Result<Input> read_input(const Paths& paths);

} // namespace meshprobe
