#include "lib/checkpoint/key_owners.hpp"

#include "lib/spool/crc32c.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <map>

namespace meshprobe {

namespace {

constexpr std::uint32_t owner_files = 1024;
constexpr std::size_t largest_owner_file = 16U << 20; ///< 10 000 hosts with 500 keys each are 0.5 MiB
constexpr std::string_view blank = " ";

std::string file_of(std::string_view key) {
    return fmt::format("{:03x}", crc32c(key) % owner_files);
}

/// Indexes into `keys`.
std::map<std::string, std::vector<std::size_t>> by_file(std::span<const std::string> keys) {
    std::map<std::string, std::vector<std::size_t>> found;
    for (std::size_t i = 0; i < keys.size(); ++i)
        found[file_of(keys[i])].push_back(i);
    return found;
}

/// What a power cut tore has no end, or no blank; it was not acted upon.
std::string_view owner_in(std::string_view text, std::string_view key) {
    std::string_view owner;
    const std::string wanted = std::string(key) + std::string(blank);
    for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string_view::npos; at += wanted.size()) {
        if (at != 0 && text[at - 1] != '\n') continue;
        const auto start = at + wanted.size();
        const auto end = text.find('\n', start);
        if (end != std::string_view::npos) owner = text.substr(start, end - start);
    }
    return owner;
}

} // namespace

Result<KeyOwners> KeyOwners::open(const Paths& paths, std::string_view task) {
    auto directory = paths.aliases() / "keys" / task;
    if (auto made = make_directories(directory); !made) return fail(made.error());
    auto lock = FileLock::acquire(directory / ".lock");
    if (!lock) return fail(lock.error());
    return KeyOwners(std::move(directory), std::move(*lock));
}

Result<std::vector<std::string>> KeyOwners::find(std::span<const std::string> keys) const {
    std::vector<std::string> owners(keys.size());
    for (const auto& [file, indexes] : by_file(keys)) {
        const auto text = read_file_if_exists(directory_ / file, largest_owner_file, Links::refuse);
        if (!text) return fail(text.error());
        if (!*text) continue;
        for (const auto index : indexes)
            owners[index] = owner_in(**text, keys[index]);
    }
    return owners;
}

Status KeyOwners::claim(std::span<const std::string> keys, std::string_view host) {
    if (keys.empty()) return {};
    for (const auto& [file, indexes] : by_file(keys)) {
        const auto path = directory_ / file;
        std::string lines = "\n"; // ends what a power cut tore
        for (const auto index : indexes)
            lines += keys[index] + std::string(blank) + std::string(host) + "\n";
        const FileDescriptor fd(
            ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!fd.is_open()) return fail_errno("open " + path.string());
        if (auto written = write_all(fd.get(), lines); !written)
            return fail(written.error().in(path.string()));
    }
    // One flush for all of them instead of one for each.
    const FileDescriptor fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open() || ::syncfs(fd.get()) < 0) return fail_errno("sync " + directory_.string());
    return {};
}

} // namespace meshprobe
