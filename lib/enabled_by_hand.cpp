#include "lib/enabled_by_hand.hpp"

#include <algorithm>
#include <filesystem>

namespace meshprobe {

namespace {

namespace fs = std::filesystem;

bool is_mask(const fs::path& link) {
    std::error_code none; // an error means that there is no link
    return fs::read_symlink(link, none) == "/dev/null";
}

/// Those whose timers have an entry in `directory`, below the two places for units, that is `good`.
template <typename Predicate>
std::vector<Instance> instances_in(const Paths& paths, const fs::path& directory, Predicate good) {
    std::vector<Instance> instances;
    for (const auto& tree : {paths.systemd_etc(), paths.systemd_run()}) {
        std::error_code error; // a directory that is not there holds no links
        for (fs::directory_iterator entry(tree / directory, error), end; !error && entry != end;
             entry.increment(error)) {
            const auto name = entry->path().filename().string();
            if (!name.starts_with("meshprobe") || name.find('@') == std::string::npos) continue;
            if (auto instance = parse_instance(name);
                instance && instance->timer() == name && good(entry->path())) {
                instances.push_back(std::move(*instance));
            }
        }
    }
    std::ranges::sort(instances);
    instances.erase(std::unique(instances.begin(), instances.end()), instances.end());
    return instances;
}

} // namespace

std::vector<Instance> instances_enabled_by_hand(const Paths& paths) {
    return instances_in(paths, "meshprobe.target.wants", [](const fs::path&) { return true; });
}

std::vector<Instance> instances_masked(const Paths& paths) {
    return instances_in(paths, {}, is_mask);
}

bool is_masked(const Paths& paths, const Instance& instance) {
    for (const auto& tree : {paths.systemd_etc(), paths.systemd_run()}) {
        if (is_mask(tree / instance.timer()) || is_mask(tree / (template_name(instance.task) + "@.timer")))
            return true;
    }
    return false;
}

} // namespace meshprobe
