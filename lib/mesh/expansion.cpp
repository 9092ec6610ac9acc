#include "lib/mesh/expansion.hpp"

#include "lib/mesh/address_class.hpp"
#include "lib/mesh/group.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/mesh_name.hpp"
#include "lib/mesh/oracle.hpp"
#include "lib/mesh/task_archives.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t most_pairs = 2'000'000; ///< about a second's work, ten times the largest mesh known

/// ISO 8601 only: "5min" is no duration to pSConfig.
std::optional<double> interval_of(const json* schedule, std::string& problem) {
    const json* repeat = schedule == nullptr ? nullptr : find_member(*schedule, "repeat");
    if (repeat == nullptr) return std::nullopt;
    const std::string text = repeat->is_string() ? repeat->get<std::string>() : repeat->dump();
    const auto duration = text.starts_with('P') ? parse_duration(text) : fail(ErrorKind::protocol, "");
    if (!duration || duration->count() <= 0) {
        problem = fmt::format("its schedule repeats every {}, {}", in_quotes(text),
                              duration ? "which is no time at all; expected a microsecond or more"
                                       : "which is no ISO 8601 duration");
        return std::nullopt;
    }
    return std::chrono::duration<double>(*duration).count();
}

/// An index beyond any tuple stands for what is no index at all; each() refuses it.
std::size_t scheduled_by(const json& task) {
    constexpr std::size_t impossible = 1'000'000;
    const json* index = find_member(task, "scheduled-by");
    if (index == nullptr || index->is_null()) return 0;
    if (!index->is_number_integer() || *index < 0 || *index > impossible) return impossible;
    return index->get<std::size_t>();
}

MeshTask read_task(const json& document, std::string_view name, const json& task) {
    MeshTask read;
    read.name = name;
    read.task = &task;
    read.disabled = bool_member(task, "disabled");
    read.scheduled_by = scheduled_by(task);
    read.group = string_member(task, "group");
    read.test = find_member(object_member(document, "tests"), string_member(task, "test"));
    const std::string& schedule = string_member(task, "schedule");
    read.schedule = find_member(object_member(document, "schedules"), schedule);
    if (read.test != nullptr) read.test_type = string_member(*read.test, "type");
    if (const json* group = find_member(object_member(document, "groups"), read.group))
        read.dimension = Group::is_list(*group) ? 1 : 2;
    read.interval = interval_of(read.schedule, read.problem);

    if (read.test == nullptr) {
        read.problem = fmt::format("there is no test {}", in_quotes(string_member(task, "test")));
    } else if (read.test_type.empty()) {
        read.problem = fmt::format("its test {} has no type", in_quotes(string_member(task, "test")));
    } else if (read.schedule == nullptr && !schedule.empty()) {
        read.problem = fmt::format("there is no schedule {}", in_quotes(schedule));
    }
    return read;
}

} // namespace

struct MeshExpansion::State {
    State(const json& whole, MeshOracle answers)
        : document(whole), oracle(std::move(answers)), classes(whole, oracle, refusals),
          archives(whole, oracle) {}

    const json& document;
    RefusalList refusals;
    Oracle oracle;
    AddressClasses classes;
    TaskArchives archives;
    std::vector<MeshTask> tasks;
    std::map<std::string_view, Group> groups; ///< by name, built when a task needs one: many may share it
    std::size_t members_left = most_members;
    std::size_t pairs_left = most_pairs;
};

MeshExpansion::MeshExpansion(const json& document, MeshOracle oracle)
    : state_(std::make_unique<State>(document, std::move(oracle))) {
    const json& tasks = object_member(document, "tasks");
    for (auto task = tasks.begin(); task != tasks.end(); ++task) {
        const Pointer path = Pointer().at("tasks").at(task.key());
        if (auto usable = check_mesh_name(task.key()); !usable) {
            state_->refusals.add("task " + in_quotes(task.key()), usable.error().message, path);
        } else if (!task->is_object()) {
            state_->refusals.add("task " + in_quotes(task.key()), "it is no JSON object", path);
        } else {
            state_->tasks.push_back(read_task(document, task.key(), *task));
        }
    }
}

MeshExpansion::MeshExpansion(MeshExpansion&&) noexcept = default;
MeshExpansion& MeshExpansion::operator=(MeshExpansion&&) noexcept = default;
MeshExpansion::~MeshExpansion() = default;

bool MeshTuple::certain() const {
    return std::ranges::all_of(members, &Participant::certain);
}

std::span<const MeshTask> MeshExpansion::tasks() const {
    return state_->tasks;
}

const MeshTask* MeshExpansion::find(std::string_view task) const {
    const auto found = std::ranges::lower_bound(state_->tasks, task, {}, &MeshTask::name);
    return found != state_->tasks.end() && found->name == task ? &*found : nullptr;
}

Status MeshExpansion::each(const MeshTask& task, const std::function<void(const MeshTuple&)>& visit,
                           DisabledTuples disabled) {
    const json& groups = object_member(state_->document, "groups");
    const json* group = find_member(groups, task.group);
    if (group == nullptr)
        return fail(ErrorKind::protocol, fmt::format("there is no group {}", in_quotes(task.group)));
    if (task.scheduled_by >= task.dimension) {
        return fail(ErrorKind::protocol,
                    fmt::format("its scheduled-by is not an index of the {} of its tuples",
                                task.dimension == 1 ? "one member" : "two members"));
    }
    const Group& members = state_->groups
                               .try_emplace(task.group, state_->document, task.group, *group, state_->classes,
                                            state_->refusals, state_->members_left)
                               .first->second;
    const auto& cost = members.cost();
    if (!cost) return fail(cost.error());
    if (*cost > state_->pairs_left) {
        return fail(ErrorKind::protocol,
                    fmt::format("its group expands to too many pairs of addresses: {} of {} that all tasks "
                                "together may have, {} of them are left",
                                *cost, most_pairs, state_->pairs_left));
    }
    state_->pairs_left -= *cost;
    members.each(task.scheduled_by, disabled, visit);
    return {};
}

Result<std::span<const MeshArchive* const>> MeshExpansion::archives(const MeshTask& task,
                                                                    const MeshTuple& tuple) {
    return state_->archives.of(task, tuple);
}

const std::set<Omission>& MeshExpansion::refusals() const {
    return state_->refusals.all();
}

} // namespace meshprobe
