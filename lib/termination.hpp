// SIGTERM and SIGINT as something that can be polled: no handler, no interrupted library call.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

namespace meshprobe {

/// Blocks the two signals for the rest of this process's life. The descriptor, which never blocks, is
/// readable once one came, and stays so until it is read. To be called before any thread exists.
[[nodiscard]] Result<FileDescriptor> termination_signals();

} // namespace meshprobe
