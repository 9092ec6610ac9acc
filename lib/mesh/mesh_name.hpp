// What may stand for a host or an entry in a mesh, which strangers write, and how the rest is shown.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

/// In double quotes, at most 80 bytes, everything but printable ASCII as \xNN.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Host names and address literals as they may stand in a mesh: printable, bounded, nothing that could mean
/// something else to a shell, a URL or a path. Wider than parse_host_name(): real files have odd labels.
[[nodiscard]] Status check_mesh_address(std::string_view address);
/// Names of entries are only shown, so they may hold blanks; no control characters, at most 255 bytes.
[[nodiscard]] Status check_mesh_name(std::string_view name);

} // namespace meshprobe
