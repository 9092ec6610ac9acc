// One poll of a host whose archive is asked series by series: esmond and elmond.
#pragma once

#include "lib/error.hpp"
#include "probe/poll.hpp"
#include "probe/poll_book.hpp"

namespace meshprobe {

/// Fills the summary of the book; what went wrong is in there, too.
void poll_series(PollBook& book, HostKeys& keys, Stop& stop, const Journal& journal);

} // namespace meshprobe
