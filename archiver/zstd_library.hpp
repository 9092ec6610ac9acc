// libzstd, loaded when the first file is to be compressed: archives that compress nothing do without it.
#pragma once

#include "lib/error.hpp"

#include <zstd.h>

#include <memory>

namespace meshprobe {

class ZstdLibrary {
  public:
    /// `configuration` error if it is not installed.
    [[nodiscard]] static Result<ZstdLibrary> load();

    decltype(&ZSTD_createCCtx) create_context = nullptr;
    decltype(&ZSTD_freeCCtx) free_context = nullptr;
    decltype(&ZSTD_CCtx_setParameter) set_parameter = nullptr;
    decltype(&ZSTD_compressStream2) compress = nullptr;
    decltype(&ZSTD_isError) is_error = nullptr;
    decltype(&ZSTD_getErrorName) error_name = nullptr;

  private:
    struct Close {
        void operator()(void* handle) const;
    };
    std::unique_ptr<void, Close> handle_;
};

} // namespace meshprobe
