#include "ctl/converge/difference.hpp"

#include "lib/instance.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace meshprobe {

namespace {

using Names = std::set<std::string>;

Names minus(const Names& left, const Names& right) {
    Names result;
    std::ranges::set_difference(left, right, std::inserter(result, result.end()));
    return result;
}

std::vector<std::string> as_list(const Names& names) {
    return {names.begin(), names.end()};
}

/// Linked beside its timer, which is meshprobe-refresh.service: to run once at each start of the target.
bool is_service(std::string_view unit) {
    return unit.ends_with(".service");
}

std::string timer_of(std::string_view service) {
    return std::string(service.substr(0, service.rfind('.'))) + ".timer";
}

std::optional<Instance> instance_of(const std::string& unit) {
    if (!unit.ends_with(".timer") || unit.find('@') == std::string::npos) return {};
    auto instance = parse_instance(unit);
    if (!instance) return {};
    return std::move(*instance);
}

/// The drop-ins of an instance that is not wanted any more may stay until the next reload: the unit is
/// stopped.
bool is_left_over(const std::string& path, const Situation& situation) {
    const auto unit = path.substr(0, path.find('/'));
    const auto at = unit.find('@');
    if (at == std::string::npos || !unit.ends_with(".d") || unit.substr(at + 1).find('.') == 0) return false;
    const auto name = unit.substr(0, unit.size() - 2);
    const auto timer = timer_of(name);
    return !situation.wanted.links.contains(timer) && !situation.enabled_by_hand.contains(timer);
}

bool needs_reload(const Situation& situation) {
    for (const auto& [path, content] : situation.wanted.files) {
        const auto found = situation.generated.files.find(path);
        if (found == situation.generated.files.end() || found->second != content) return true;
    }
    return std::ranges::any_of(situation.generated.files, [&](const auto& file) {
        return !situation.wanted.files.contains(file.first) && !is_left_over(file.first, situation);
    });
}

} // namespace

bool Difference::empty() const {
    return !reload && !start_target && start.empty() && stop.empty() && first_runs.empty();
}

std::string triggered_unit(std::string_view unit) {
    return std::string(unit.substr(0, unit.rfind('.'))) + ".service";
}

Difference difference(const Situation& situation) {
    const auto& wanted = situation.wanted.links;
    const bool same_activation = situation.applied && situation.applied->activation == situation.activation;
    const Names applied = situation.applied ? situation.applied->units : Names{};

    Difference result;
    result.reload = needs_reload(situation);

    // A start of the target starts what was generated then, no less and no more: that is what was applied.
    const auto start = minus(wanted, same_activation ? applied : situation.begun);
    if (!same_activation && !minus(start, situation.generated.links).empty())
        result.reload = result.start_target = true;
    std::ranges::copy_if(start, std::back_inserter(result.start), std::not_fn(is_service));

    // Also what was generated and is not wanted: `systemctl start meshprobe.target` may have started it
    // again.
    Names before = applied;
    before.insert(situation.generated.links.begin(), situation.generated.links.end());
    result.stop = as_list(minus(minus(before, wanted), situation.enabled_by_hand));

    if (same_activation) {
        for (const auto& unit : start) {
            if (is_service(unit)) result.first_runs.push_back(timer_of(unit));
            if (instance_of(unit)) result.first_runs.push_back(unit);
        }
    } else {
        // At boot the timers are enough for the hosts there were; their phase is theirs.
        for (const auto& unit : wanted) {
            const auto instance = instance_of(unit);
            if (instance && !situation.known_hosts.contains(instance->host))
                result.first_runs.push_back(unit);
        }
    }
    return result;
}

} // namespace meshprobe
