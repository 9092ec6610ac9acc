#include "lib/spool/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>

namespace meshprobe {

FileSystem& FileSystem::real() {
    static FileSystem instance;
    return instance;
}

Result<FileDescriptor> FileSystem::create(const std::filesystem::path& path, mode_t mode) {
    FileDescriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode));
    if (!file.is_open()) return fail_errno("create " + path.string());
    if (::fchmod(file.get(), mode) < 0) return fail_errno("chmod " + path.string());
    return file;
}

Result<FileDescriptor> FileSystem::open(const std::filesystem::path& path) {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.is_open()) return fail_errno("open " + path.string());
    return file;
}

Status FileSystem::write(const FileDescriptor& file, std::uint64_t offset, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count =
            ::pwrite(file.get(), content.data(), content.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("write");
        content.remove_prefix(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

Status FileSystem::truncate(const FileDescriptor& file, std::uint64_t size) {
    if (::ftruncate(file.get(), static_cast<off_t>(size)) < 0) return fail_errno("truncate");
    return {};
}

Status FileSystem::sync(const FileDescriptor& file) {
    if (::fsync(file.get()) < 0) return fail_errno("fsync");
    return {};
}

Status FileSystem::sync_data(const FileDescriptor& file) {
    if (::fdatasync(file.get()) < 0) return fail_errno("fdatasync");
    return {};
}

Status FileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) < 0) {
        return fail_errno(fmt::format("rename {} to {}", from.string(), to.string()));
    }
    return {};
}

Status FileSystem::remove(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    return {};
}

Status FileSystem::sync_directory(const std::filesystem::path& directory) {
    return meshprobe::sync_directory(directory);
}

Result<bool> FileSystem::make_directory(const std::filesystem::path& directory, mode_t mode) {
    if (::mkdir(directory.c_str(), mode & 0777) < 0) {
        if (errno == EEXIST) return false;
        return fail_errno("mkdir " + directory.string());
    }
    // mkdir() leaves out what the umask holds. Under RestrictSUIDSGID= nobody may ask for the set-group-ID
    // bit; our users' first group is the right one without it.
    if (::chmod(directory.c_str(), mode) < 0 &&
        (errno != EPERM || ::chmod(directory.c_str(), mode & 0777) < 0)) {
        return fail_errno("chmod " + directory.string());
    }
    return true;
}

Result<std::vector<std::string>> FileSystem::list(const std::filesystem::path& directory) {
    const auto close = [](DIR* open) { ::closedir(open); };
    const std::unique_ptr<DIR, decltype(close)> open(::opendir(directory.c_str()), close);
    if (!open) {
        if (errno == ENOENT) return std::vector<std::string>{};
        return fail_errno("list " + directory.string());
    }
    std::vector<std::string> names;
    while (true) {
        errno = 0;
        const dirent* entry = ::readdir(open.get());
        if (entry == nullptr) break;
        const std::string_view name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return fail_errno("list " + directory.string());
    return names;
}

Result<std::optional<std::string>> FileSystem::read(const std::filesystem::path& path, std::size_t limit) {
    return read_file_if_exists(path, limit, Links::refuse);
}

std::int64_t FileSystem::now_usec() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Status FileSystem::replace_durably(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    const auto temporary = path.parent_path() / ("." + path.filename().string());
    auto file = create(temporary, mode);
    if (!file) return fail(file.error());
    Status done = write(*file, 0, content);
    if (done) done = sync(*file);
    if (!done) done = fail(done.error().in(temporary.string()));
    if (done) done = rename(temporary, path);
    if (!done) {
        // Half a file is of no use and would keep a full disk full.
        static_cast<void>(remove(temporary));
        return done;
    }
    return sync_directory(path.parent_path());
}

} // namespace meshprobe
