#include "ctl/survey/host.hpp"

#include <array>
#include <cstdlib>

namespace meshprobe::survey {

Condition condition_of(const HostReport& host) {
    if (!host.answers()) return host.is_down ? Condition::down : Condition::no_archive;
    if (!host.alias_of.empty()) return Condition::alias;
    if (host.skew && std::abs(*host.skew) > clock_tolerance) return Condition::clock;
    if (host.entries == 0) return Condition::empty;
    if (host.newest < host.now - stale_after) return Condition::stale;
    return Condition::fine;
}

std::string_view name_of(Condition condition) {
    constexpr std::array<std::string_view, 7> names{"down",  "no-archive", "alias", "clock",
                                                    "empty", "stale",      "fine"};
    return names.at(static_cast<std::size_t>(condition));
}

} // namespace meshprobe::survey
