#include "ctl/survey/host.hpp"

#include <array>
#include <cstdlib>

namespace meshprobe::survey {

Standing standing_of(const HostReport& host) {
    if (!host.answers()) return host.is_down ? Standing::down : Standing::no_archive;
    if (!host.alias_of.empty()) return Standing::alias;
    if (host.skew && std::abs(*host.skew) > clock_tolerance) return Standing::clock;
    if (host.entries == 0) return Standing::empty;
    if (host.newest < host.now - stale_after) return Standing::stale;
    return Standing::fine;
}

std::string_view name_of(Standing standing) {
    constexpr std::array<std::string_view, 7> names{"down",  "no-archive", "alias", "clock",
                                                    "empty", "stale",      "fine"};
    return names.at(static_cast<std::size_t>(standing));
}

} // namespace meshprobe::survey
