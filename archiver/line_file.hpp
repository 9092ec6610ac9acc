// A file that lines are appended to, on the disk before they count. Others may rename, copy or empty it
// meanwhile (logrotate does): that is noticed. Nobody else may append to it.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace meshprobe {

class LineFile {
  public:
    /// Opens it, or makes it in a directory that is there. A crash may have left half a line at its end: that
    /// is cut off. All errors name the file; `storage`.
    [[nodiscard]] static Result<LineFile> open(std::filesystem::path path);

    /// Whole lines: afterwards all of them are on the disk, or, after an error, none is in the file as far as
    /// that can still be had. After an error it is to be opened anew.
    [[nodiscard]] Status append(std::string_view lines);
    /// False: another file, or none, has its name now, or it was emptied: what was appended last may be in
    /// somebody's copy, or not.
    [[nodiscard]] bool is_in_place() const;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return size_; } ///< when it was opened or appended to last
    [[nodiscard]] std::uint64_t cut_off() const { return cut_off_; } ///< bytes of half a line
    /// Since when there is something in it, as far as the file system knows.
    [[nodiscard]] std::chrono::system_clock::time_point begun() const { return begun_; }

  private:
    LineFile(std::filesystem::path path, FileDescriptor file)
        : path_(std::move(path)), file_(std::move(file)) {}
    [[nodiscard]] Status prepare();
    [[nodiscard]] Status cut_torn_line();
    [[nodiscard]] Result<std::uint64_t> end_of_last_line() const;
    [[nodiscard]] Result<std::uint64_t> size_now() const;
    void take_back(std::uint64_t size);

    std::filesystem::path path_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
    std::uint64_t cut_off_ = 0;
    std::chrono::system_clock::time_point begun_;
};

} // namespace meshprobe
