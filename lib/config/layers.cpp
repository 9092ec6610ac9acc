#include "lib/config/layers.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <system_error>

namespace meshprobe {

namespace {

Problem whole(std::string file, std::string message) {
    Problem problem;
    problem.scope = Problem::Scope::whole;
    problem.file = std::move(file);
    problem.message = std::move(message);
    return problem;
}

/// /dev/null itself need not exist in an image that is only being looked at.
bool is_masked(const std::filesystem::path& path, const struct stat& info) {
    constexpr unsigned null_major = 1;
    constexpr unsigned null_minor = 3;
    if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(null_major, null_minor)) return true;
    std::error_code none;
    return std::filesystem::read_symlink(path, none) == "/dev/null";
}

std::int64_t nanoseconds(const struct timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

enum class Presence { absent, masked, there };

Presence examine(const std::filesystem::path& path, Layers& layers) {
    struct stat info {};
    if (::stat(path.c_str(), &info) < 0) {
        const int error = errno;
        struct stat link {};
        const bool is_link = ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
        if (is_link && is_masked(path, link)) return Presence::masked;
        if ((error == ENOENT || error == ENOTDIR) && !is_link) return Presence::absent;
        layers.problems.push_back(whole(
            path.string(), is_link && error == ENOENT
                               ? "the link points nowhere; remove it, or link to /dev/null to mask the name"
                               : "cannot be read: " + std::generic_category().message(error)));
        return Presence::there;
    }
    if (is_masked(path, info)) return Presence::masked;
    layers.changed_usec = std::max(layers.changed_usec, nanoseconds(info.st_mtim) / 1000);
    layers.files.push_back({path.string(), static_cast<std::uint64_t>(info.st_size), info.st_ino,
                            nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)});
    return Presence::there;
}

/// Names of one directory, put over those of weaker ones.
void list(const std::filesystem::path& directory, std::map<std::string, std::filesystem::path>& drop_ins,
          Layers& layers) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) == 0) {
        layers.changed_usec = std::max(layers.changed_usec, nanoseconds(info.st_mtim) / 1000);
    }
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    if (error == std::errc::no_such_file_or_directory) return;
    if (error == std::errc::not_a_directory) {
        auto odd = whole(directory.string(), "ignored, because it is no directory; drop-ins are files in it");
        odd.scope = Problem::Scope::warning;
        layers.problems.push_back(std::move(odd));
        return;
    }
    while (!error && entries != std::filesystem::directory_iterator{}) {
        const auto name = entries->path().filename().string();
        if (name.ends_with(".yaml") && !name.starts_with('.')) {
            drop_ins.insert_or_assign(name, entries->path());
        } else if (name.ends_with(".yml") && !name.starts_with('.')) {
            auto odd = whole(entries->path().string(),
                             "ignored, because its name does not end in .yaml; rename or remove it");
            odd.scope = Problem::Scope::warning;
            layers.problems.push_back(std::move(odd));
        }
        entries.increment(error);
    }
    if (error) layers.problems.push_back(whole(directory.string(), "cannot be listed: " + error.message()));
}

} // namespace

Layers find_layers(const Paths& paths) {
    Layers layers;
    layers.examined_nsec =
        std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
    layers.has_vendor = examine(paths.vendor_configuration(), layers) == Presence::there;
    examine(paths.configuration(), layers);
    std::map<std::string, std::filesystem::path> drop_ins;
    for (const auto& directory : paths.drop_in_directories())
        list(directory, drop_ins, layers);
    for (const auto& [name, path] : drop_ins)
        examine(path, layers);
    std::ranges::sort(layers.problems, {}, &Problem::file); // directories list in any order
    return layers;
}

} // namespace meshprobe
