// Hosts whose archive another host's probe collects already, as the probes found out by the metadata keys
// (lib/alias.hpp): they need no instance.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/host_record.hpp"
#include "lib/paths.hpp"

#include <map>
#include <set>
#include <string>

namespace meshprobe {

/// Sets alias_of in the records of such hosts. An alias whose other name vanished or died stays in the list
/// and takes over; of several aliases of that one, the one that is in the list already does, else the first.
[[nodiscard]] Status set_key_aliases(const Paths& paths, const Config& config,
                                     const std::set<std::string>& in_use, std::int64_t now_usec,
                                     HostRecords& records);

} // namespace meshprobe
