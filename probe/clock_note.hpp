// A step of this machine's clock is seen by the probes of all its hosts; it is one piece of news.
#pragma once

#include "lib/clock.hpp"
#include "lib/paths.hpp"

namespace meshprobe {

/// Whether nobody has noted this step, which is over at `now`, before. A note that cannot be written is none:
/// then each tells it.
[[nodiscard]] bool is_first_to_note(const Paths& paths, std::int64_t step_usec, const Moment& now);

} // namespace meshprobe
