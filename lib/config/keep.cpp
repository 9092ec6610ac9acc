// Writing the compiled configuration.
#include "lib/config/checks.hpp"
#include "lib/config/compiled.hpp"
#include "lib/config/encode.hpp"
#include "lib/config/load.hpp"
#include "lib/config/tree.hpp"
#include "lib/file.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

namespace meshprobe {

namespace {

/// A file changed twice within one tick of the kernel's clock, without changing its size, bears the same
/// stamp both times. So a stamp proves nothing until the clock has moved on.
constexpr auto tick = std::chrono::milliseconds(20);

bool may_be_ambiguous(const Layers& layers) {
    const auto examined = std::chrono::nanoseconds(layers.examined_nsec);
    return std::ranges::any_of(layers.files, [examined](const Stamp& stamp) {
        const auto changed = std::chrono::nanoseconds(std::max(stamp.changed_nsec, stamp.modified_nsec));
        return changed > examined - tick && changed < examined + tick;
    });
}

bool holds_password(const Node* section) {
    const Node* proxy = section == nullptr ? nullptr : section->find("proxy");
    return proxy != nullptr && check::has_password(proxy->text);
}

bool holds_password(const Config::HostSection& section) {
    const Node* tasks = section.node ? section.node->find("tasks") : nullptr;
    return holds_password(section.node.get()) ||
           (tasks != nullptr && std::ranges::any_of(tasks->entries, [](const auto& task) {
                return holds_password(task.second.value.get());
            }));
}

bool holds_password(const Config& config) {
    const auto has = [](const auto& named) {
        return check::has_password(named.second.url) || check::has_password(named.second.connection.proxy);
    };
    return std::ranges::any_of(config.meshes, has) || std::ranges::any_of(config.archives, has) ||
           std::ranges::any_of(
               config.tasks,
               [](const auto& task) { return check::has_password(task.second.connection.proxy); }) ||
           std::ranges::any_of(config.host_sections,
                               [](const Config::HostSection& section) { return holds_password(section); });
}

std::optional<gid_t> group_of_services() {
    std::array<char, 16384> buffer{};
    struct group entry {};
    struct group* found = nullptr;
    if (::getgrnam_r("meshprobe", &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return entry.gr_gid;
}

/// A crash between writing and this leaves the file to root alone, and the services read the YAML until it is
/// kept anew.
Status set_access(const std::filesystem::path& path, bool is_secret) {
    struct stat info {};
    if (::stat(path.c_str(), &info) < 0) return fail_errno("stat " + path.string());
    if (is_secret && ::geteuid() == 0) {
        const auto group = group_of_services();
        if (group && info.st_gid != *group && ::chown(path.c_str(), static_cast<uid_t>(-1), *group) < 0) {
            return fail_errno("chown " + path.string());
        }
    }
    const mode_t mode = is_secret ? 0640 : 0644;
    if ((info.st_mode & 07777U) != mode && ::chmod(path.c_str(), mode) < 0)
        return fail_errno("chmod " + path.string());
    return {};
}

Status write(const Paths& paths, const LoadedConfig& loaded) {
    const auto path = CompiledConfig::path(paths);
    const bool is_secret = holds_password(loaded.config);
    const auto text = encode_compiled(loaded);
    const auto before = read_file_if_exists(path, text.size() + 1, Links::refuse);
    if (!before || *before != text) {
        if (auto made = make_directories(path.parent_path()); !made) return made;
        if (auto written = write_file_durably(path, text, is_secret ? 0640 : 0644); !written) return written;
    }
    return set_access(path, is_secret);
}

} // namespace

Status keep_config(const Paths& paths, const LoadedConfig& loaded) {
    // Without layers it came from there; a configuration that is only kept is there already.
    if (!loaded.layers || !loaded.tree || loaded.kept) return {};
    const auto is_whole = [](const Problem& problem) { return problem.scope == Problem::Scope::whole; };
    if (std::ranges::any_of(loaded.problems, is_whole)) return {};
    if (!may_be_ambiguous(*loaded.layers)) return write(paths, loaded);
    std::this_thread::sleep_for(tick);
    const auto again = load_config(paths, Detail::places);
    if (!again || again->kept || !again->layers) return {};
    return write(paths, *again);
}

} // namespace meshprobe
