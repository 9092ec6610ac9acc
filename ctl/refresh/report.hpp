// What a refresh says in the journal: a line for news at notice or above, for anything else at debug.
#pragma once

#include "ctl/refresh/settle.hpp"
#include "lib/journal.hpp"

namespace meshprobe {

void report(const Journal& journal, const Settlement& settlement, const Crawl& crawl);

} // namespace meshprobe
