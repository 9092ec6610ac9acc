// One result of one event type.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"
#include "lib/json_text/json_value.hpp"

namespace meshprobe {

struct Point {
    Timestamp ts = 0; ///< UNIX seconds: when the measurement began
    JsonValue value;  ///< a view: of the page that it came in, or of whoever made it
};

} // namespace meshprobe
