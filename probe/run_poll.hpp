// One poll of a host that is read run by run: its OpenSearch archive, its pScheduler, or a document.
#pragma once

#include "probe/poll.hpp"
#include "probe/poll_book.hpp"

namespace meshprobe {

/// Fills the summary of the book; what went wrong is in there, too.
void poll_runs(PollBook& book, Flavour flavour, HostKeys& keys, Stop& stop, const Journal& journal);

} // namespace meshprobe
