#include "lib/enabled_by_hand.hpp"

#include <algorithm>
#include <filesystem>

namespace meshprobe {

std::vector<Instance> instances_enabled_by_hand(const Paths& paths) {
    std::vector<Instance> instances;
    for (const auto& units : {paths.systemd_etc(), paths.systemd_run()}) {
        std::error_code error; // a directory that is not there holds no links
        for (std::filesystem::directory_iterator entry(units / "meshprobe.target.wants", error), end;
             !error && entry != end; entry.increment(error)) {
            const auto name = entry->path().filename().string();
            if (!name.starts_with("meshprobe") || name.find('@') == std::string::npos) continue;
            if (auto instance = parse_instance(name); instance && instance->timer() == name) {
                instances.push_back(std::move(*instance));
            }
        }
    }
    std::ranges::sort(instances);
    instances.erase(std::unique(instances.begin(), instances.end()), instances.end());
    return instances;
}

} // namespace meshprobe
