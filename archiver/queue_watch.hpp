// Tells when segments appear in q/: publishing is a rename inside that directory.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

#include <filesystem>

namespace meshprobe {

class QueueWatch {
  public:
    [[nodiscard]] static Result<QueueWatch> create(const std::filesystem::path& queue);

    [[nodiscard]] int descriptor() const { return fd_.get(); }
    /// Whether anything was published since the last call; true also when that is not known (overflow).
    [[nodiscard]] bool take();

  private:
    explicit QueueWatch(FileDescriptor fd) : fd_(std::move(fd)) {}
    FileDescriptor fd_;
};

} // namespace meshprobe
