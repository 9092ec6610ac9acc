#include "lib/config/host_keys.hpp"

#include <utility>

namespace meshprobe {

void lay_over(Reader& reader, const Node& section, std::string_view task, HostView& view) {
    const bool task_enabled = std::exchange(view.settings.enabled, view.host_enabled);
    read_mapping(reader, section, "tasks", Part{view.settings, task_keys()},
                 Part{view.settings.connection, connection_keys()},
                 Part{view.description, description_keys()});
    view.host_enabled = std::exchange(view.settings.enabled, task_enabled);

    const Node* tasks = task.empty() ? nullptr : section.find("tasks");
    const Node* own = tasks == nullptr ? nullptr : tasks->find(task);
    if (own == nullptr) return;
    const auto below = reader.enter("tasks");
    const auto step = reader.enter(task);
    read_mapping(reader, *own, {}, Part{view.settings, task_keys()},
                 Part{view.settings.connection, connection_keys()},
                 Part{view.description, description_keys()});
}

} // namespace meshprobe
