#include "lib/credential.hpp"

#include "lib/file.hpp"

#include <fmt/core.h>

#include <cstdlib>

namespace meshprobe {

std::filesystem::path credential_path(const Paths& paths, std::string_view user, std::string_view value) {
    if (value.find('/') != std::string_view::npos) return std::filesystem::path(value);
    // Set once by systemd before the program starts; nothing of ours changes the environment.
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY"); // NOLINT(concurrency-mt-unsafe)
    if (directory != nullptr) return std::filesystem::path(directory) / value;
    auto of_user = paths.credentials(user) / value;
    std::error_code error;
    if (paths.is_real_root() || std::filesystem::exists(of_user, error)) return of_user;
    // A run by hand is one user, and may do without the directories that keep the services' secrets apart.
    auto of_all = paths.credentials("") / value;
    return std::filesystem::is_regular_file(of_all, error) ? of_all : of_user;
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
    for (const char end : {'\n', '\r'}) { // some editors end lines with both
        if (secret->ends_with(end)) secret->pop_back();
    }
    return secret;
}

} // namespace meshprobe
