#include "archiver/zstd_library.hpp"

#include <dlfcn.h>
#include <fmt/core.h>

#include <string>

namespace meshprobe {
namespace {

template <class Function>
bool find(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    return function != nullptr;
}

std::string loader_error() {
    const char* text = ::dlerror();
    return text == nullptr ? "unknown" : text;
}

} // namespace

void ZstdLibrary::Close::operator()(void* handle) const {
    ::dlclose(handle);
}

Result<ZstdLibrary> ZstdLibrary::load() {
    ZstdLibrary zstd;
    zstd.handle_.reset(::dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL));
    void* handle = zstd.handle_.get();
    const bool complete = handle != nullptr && find(handle, "ZSTD_createCCtx", zstd.create_context) &&
                          find(handle, "ZSTD_freeCCtx", zstd.free_context) &&
                          find(handle, "ZSTD_CCtx_setParameter", zstd.set_parameter) &&
                          find(handle, "ZSTD_compressStream2", zstd.compress) &&
                          find(handle, "ZSTD_isError", zstd.is_error) &&
                          find(handle, "ZSTD_getErrorName", zstd.error_name);
    if (complete) return zstd;
    return fail(
        ErrorKind::configuration,
        fmt::format("libzstd cannot be used: {}; install it, or set rotate-compress: none", loader_error()));
}

} // namespace meshprobe
