#include "lib/config/host_keys.hpp"

#include <utility>

namespace meshprobe {

namespace {

/// Whoever gives a host an interval of its own means it, though its task has a calendar.
void prefer_own_interval(const Node& section, TaskSettings& settings) {
    if (section.find("interval") != nullptr && section.find("calendar") == nullptr) settings.calendar.clear();
}

} // namespace

void lay_over(Reader& reader, const Node& section, std::string_view task, HostView& view) {
    const bool task_enabled = std::exchange(view.settings.enabled, view.host_enabled);
    read_mapping(reader, section, "tasks", Part{view.settings, task_keys()},
                 Part{view.settings.connection, connection_keys()},
                 Part{view.description, description_keys()});
    view.host_enabled = std::exchange(view.settings.enabled, task_enabled);
    prefer_own_interval(section, view.settings);

    const Node* tasks = task.empty() ? nullptr : section.find("tasks");
    const Node* own = tasks == nullptr ? nullptr : tasks->find(task);
    if (own == nullptr) return;
    const auto below = reader.enter("tasks");
    const auto step = reader.enter(task);
    read_mapping(reader, *own, {}, Part{view.settings, task_keys()},
                 Part{view.settings.connection, connection_keys()},
                 Part{view.description, description_keys()});
    prefer_own_interval(*own, view.settings);
}

} // namespace meshprobe
