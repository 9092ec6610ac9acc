// A rotated file becomes a compressed one, in small steps between deliveries. At every moment there is one of
// the two, complete and on the disk.
#pragma once

#include "archiver/zstd_library.hpp"
#include "lib/error.hpp"
#include "lib/file.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace meshprobe {

class Compression {
  public:
    /// Of a file as rotated_files.hpp names them. `zstd` must stay in place.
    [[nodiscard]] static Result<Compression> begin(const ZstdLibrary& zstd, std::filesystem::path rotated);

    /// Some milliseconds of work; false: done, and the original is removed. After an error it is not to be
    /// called again.
    [[nodiscard]] Result<bool> step();

  private:
    using Context = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>;
    Compression(const ZstdLibrary& zstd, std::filesystem::path rotated, Context context);
    [[nodiscard]] Result<std::size_t> read();
    [[nodiscard]] Status write(std::size_t size, ZSTD_EndDirective what);
    [[nodiscard]] Status finish();

    const ZstdLibrary* zstd_;
    std::filesystem::path rotated_;
    Context context_;
    FileDescriptor from_;
    FileDescriptor to_;
    std::vector<char> input_;
    std::vector<char> output_;
};

} // namespace meshprobe
