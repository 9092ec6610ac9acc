// Secrets. Under systemd a service sees only the files that its unit names in LoadCredential=; by hand they
// are read from where the administrator put them.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace meshprobe {

/// Where `value` of a key like `certificate:` or `credential:` is to be read: itself if it holds a '/',
/// else $CREDENTIALS_DIRECTORY/VALUE, else, when that is unset, ROOT/etc/meshprobe/credentials/USER/VALUE;
/// under another root than "/" also ROOT/etc/meshprobe/credentials/VALUE.
[[nodiscard]] std::filesystem::path credential_path(const Paths& paths, std::string_view user,
                                                    std::string_view value);

/// The secret, one trailing line end removed; `credentials` errors name the file and what to do.
[[nodiscard]] Result<std::string> read_credential(const Paths& paths, std::string_view user,
                                                  std::string_view value);

} // namespace meshprobe
