#include "lib/file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace meshprobe {

namespace {

Status write_file(const std::filesystem::path& path, std::string_view content, mode_t mode, bool durable) {
    // The leading dot keeps half-written files out of every directory listing of ours.
    std::string temporary =
        (path.parent_path() / fmt::format(".{}.XXXXXX", path.filename().string())).string();
    const FileDescriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.is_open()) return fail_errno("create " + temporary);
    const auto give_up = [&](Error error) -> Status {
        ::unlink(temporary.c_str());
        return fail(std::move(error));
    };
    if (auto written = write_all(fd.get(), content); !written)
        return give_up(written.error().in("write " + temporary));
    if (::fchmod(fd.get(), mode) < 0) return give_up(fail_errno("chmod " + temporary).value());
    if (durable && ::fsync(fd.get()) < 0) return give_up(fail_errno("fsync " + temporary).value());
    if (::rename(temporary.c_str(), path.c_str()) < 0) {
        return give_up(fail_errno(fmt::format("rename {} to {}", temporary, path.string())).value());
    }
    return durable ? sync_directory(path.parent_path()) : Status{};
}

} // namespace

void FileDescriptor::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<std::optional<std::string>> read_file_if_exists(const std::filesystem::path& path, std::size_t limit,
                                                       Links links) {
    const int flags =
        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (links == Links::refuse ? O_NOFOLLOW : 0);
    const FileDescriptor fd(::open(path.c_str(), flags));
    if (!fd.is_open()) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>{};
        return fail_errno("open " + path.string());
    }
    struct stat info {};
    if (::fstat(fd.get(), &info) < 0) return fail_errno("stat " + path.string());
    if (!S_ISREG(info.st_mode)) return fail(ErrorKind::storage, path.string() + ": not a regular file");

    // The size is a hint only: the file may grow while it is read.
    std::string content;
    content.reserve(std::min(limit, static_cast<std::size_t>(info.st_size)) + 1);
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("read " + path.string());
        if (count == 0) return std::optional(std::move(content));
        content.append(buffer.data(), static_cast<std::size_t>(count));
        if (content.size() > limit) {
            return fail(ErrorKind::storage,
                        fmt::format("{}: larger than the {} bytes allowed", path.string(), limit));
        }
    }
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit, Links links) {
    auto content = read_file_if_exists(path, limit, links);
    if (!content) return fail(content.error());
    if (!*content) return fail_errno("open " + path.string(), ENOENT);
    return std::move(**content);
}

Status write_file_durably(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    return write_file(path, content, mode, true);
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    return write_file(path, content, mode, false);
}

Status write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("write");
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Status sync_directory(const std::filesystem::path& directory) {
    const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) return fail_errno("open " + directory.string());
    if (::fsync(fd.get()) < 0) return fail_errno("fsync " + directory.string());
    return {};
}

Status make_directories(const std::filesystem::path& directory, mode_t mode) {
    if (::mkdir(directory.c_str(), mode) == 0 || errno == EEXIST) return {};
    if (errno != ENOENT || !directory.has_relative_path()) return fail_errno("mkdir " + directory.string());
    if (auto parent = make_directories(directory.parent_path(), mode); !parent) return parent;
    if (::mkdir(directory.c_str(), mode) == 0 || errno == EEXIST) return {};
    return fail_errno("mkdir " + directory.string());
}

namespace {

Result<std::optional<FileDescriptor>> lock(const std::filesystem::path& path, int operation) {
    FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd.is_open()) return fail_errno("open " + path.string());
    while (::flock(fd.get(), operation) < 0) {
        if (errno == EWOULDBLOCK) return std::optional<FileDescriptor>{};
        if (errno != EINTR) return fail_errno("lock " + path.string());
    }
    return std::optional(std::move(fd));
}

} // namespace

Result<std::optional<FileLock>> FileLock::try_acquire(const std::filesystem::path& path) {
    auto fd = lock(path, LOCK_EX | LOCK_NB);
    if (!fd) return fail(fd.error());
    if (!*fd) return std::optional<FileLock>{};
    return std::optional(FileLock(std::move(**fd)));
}

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
    auto fd = lock(path, LOCK_EX);
    if (!fd) return fail(fd.error());
    return FileLock(std::move(**fd));
}

} // namespace meshprobe
