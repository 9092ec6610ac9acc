// Files, done carefully: owned descriptors, bounded reads that neither block nor follow links, writes that
// are there completely after a crash or not at all.
#pragma once

#include "lib/error.hpp"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace meshprobe {

class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) {
            close();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { close(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    void close();

  private:
    int fd_ = -1;
};

enum class Links { follow, refuse };

/// A regular file of at most `limit` bytes; a FIFO, a device or a directory is an error, never a wait.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit,
                                            Links links = Links::follow);
/// The same, with "there is no such file" as an answer of its own.
[[nodiscard]] Result<std::optional<std::string>>
read_file_if_exists(const std::filesystem::path& path, std::size_t limit, Links links = Links::follow);

/// Temporary file in the same directory, fsync, rename, fsync of the directory.
[[nodiscard]] Status write_file_durably(const std::filesystem::path& path, std::string_view content,
                                        mode_t mode = 0644);
/// Rename is atomic, but nothing is synced: for state under /run and for what can be made again.
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                           mode_t mode = 0644);

[[nodiscard]] Status write_all(int fd, std::string_view content);
[[nodiscard]] Status sync_directory(const std::filesystem::path& directory);
[[nodiscard]] Status make_directories(const std::filesystem::path& directory, mode_t mode = 0755);

/// An advisory lock (flock) on a file that is made if needed; held until destruction.
class FileLock {
  public:
    /// nullopt: somebody else holds it.
    [[nodiscard]] static Result<std::optional<FileLock>> try_acquire(const std::filesystem::path& path);
    [[nodiscard]] static Result<FileLock> acquire(const std::filesystem::path& path); // waits

  private:
    explicit FileLock(FileDescriptor fd) : fd_(std::move(fd)) {}
    FileDescriptor fd_;
};

} // namespace meshprobe
