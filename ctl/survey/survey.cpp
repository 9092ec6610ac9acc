#include "ctl/survey/survey.hpp"

#include <algorithm>

namespace meshprobe::survey {

namespace {

template <typename Number>
std::uint64_t sum(const std::vector<HostReport>& hosts, bool of_runs, const Number& number) {
    std::uint64_t total = 0;
    for (const HostReport& host : hosts) {
        if (host.alias_of.empty() && host.volume.of_runs == of_runs) total += number(host.volume);
    }
    return total;
}

} // namespace

std::size_t Survey::count(Condition condition) const {
    return static_cast<std::size_t>(std::ranges::count(hosts, condition, condition_of));
}

std::uint64_t Survey::points_per_day() const {
    return sum(hosts, false, [](const Volume& volume) { return volume.per_day.value_or(0); });
}

std::uint64_t Survey::bytes_per_day() const {
    return sum(hosts, false, [](const Volume& volume) { return volume.bytes_per_day; });
}

std::uint64_t Survey::runs_per_day() const {
    return sum(hosts, true, [](const Volume& volume) { return volume.per_day.value_or(0); });
}

} // namespace meshprobe::survey
