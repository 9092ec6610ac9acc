#include "lib/credential.hpp"

#include "lib/file.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace meshprobe {

std::filesystem::path credential_path(const Paths& paths, std::string_view user, std::string_view value) {
    if (value.find('/') != std::string_view::npos) return std::filesystem::path(value);
    // Set once by systemd before the program starts; nothing of ours changes the environment.
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY"); // NOLINT(concurrency-mt-unsafe)
    return (directory != nullptr ? std::filesystem::path(directory) : paths.credentials(user)) / value;
}

Result<std::string> read_credential(const Paths& paths, std::string_view user, std::string_view value) {
    constexpr std::size_t largest = 1 << 20;
    const auto path = credential_path(paths, user, value);
    auto secret = read_file(path, largest);
    if (!secret) {
        return fail(
            ErrorKind::credentials,
            fmt::format(
                "credential \"{}\": {}; put it into {} with mode 0600, then run \"meshprobectl apply\"",
                value, secret.error().message, (paths.credentials(user) / value).string()));
    }
    if (secret->ends_with('\n')) secret->pop_back();
    return secret;
}

} // namespace meshprobe
