// The few system calls that decide whether data survives a crash, behind one door: spool and checkpoint use
// nothing else to write. This class is the real thing; tests/fault derives a disk from it that forgets what
// was not synced, a clock that is turned back, and a power switch.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class FileSystem {
  public:
    FileSystem() = default;
    FileSystem(const FileSystem&) = delete;
    FileSystem& operator=(const FileSystem&) = delete;
    virtual ~FileSystem() = default;

    [[nodiscard]] static FileSystem& real();

    /// An empty file of exactly this mode, whatever the umask; replaces what an earlier attempt left there.
    [[nodiscard]] virtual Result<FileDescriptor> create(const std::filesystem::path& path, mode_t mode);
    [[nodiscard]] virtual Result<FileDescriptor>
    open(const std::filesystem::path& path); // to write, must exist
    [[nodiscard]] virtual Status write(const FileDescriptor& file, std::uint64_t offset,
                                       std::string_view content);
    [[nodiscard]] virtual Status truncate(const FileDescriptor& file, std::uint64_t size);
    [[nodiscard]] virtual Status sync(const FileDescriptor& file);
    [[nodiscard]] virtual Status sync_data(const FileDescriptor& file); // content and size
    [[nodiscard]] virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to);
    [[nodiscard]] virtual Status remove(const std::filesystem::path& path); // absent is fine
    [[nodiscard]] virtual Status sync_directory(const std::filesystem::path& directory);
    /// True if it was made, false if it was there; exactly this mode, whatever the umask.
    [[nodiscard]] virtual Result<bool> make_directory(const std::filesystem::path& directory, mode_t mode);

    /// Names in a directory, unsorted, without "." and ".."; an absent directory is empty.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::filesystem::path& directory);
    [[nodiscard]] virtual Result<std::optional<std::string>> read(const std::filesystem::path& path,
                                                                  std::size_t limit);

    /// What names and run ids are made from: microseconds since 1970.
    [[nodiscard]] virtual std::int64_t now_usec();

    /// create, write, sync, rename, sync_directory: the whole file or none of it.
    [[nodiscard]] Status replace_durably(const std::filesystem::path& path, std::string_view content,
                                         mode_t mode);
};

} // namespace meshprobe
