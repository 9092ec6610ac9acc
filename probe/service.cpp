#include "probe/service.hpp"

#include "lib/file.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace meshprobe {

namespace {

constexpr std::string_view nowhere =
    "expected one INSTANCE: this process is in no service of meshprobe that would tell";

/// Where the service manager puts the credentials of a unit, systemd.exec(5).
void find_credentials(std::string_view unit) {
    if (std::getenv("CREDENTIALS_DIRECTORY") != nullptr) return; // NOLINT(concurrency-mt-unsafe): one thread
    const auto directory = std::filesystem::path("/run/credentials") / unit;
    std::error_code error;
    if (std::filesystem::is_directory(directory, error))
        ::setenv("CREDENTIALS_DIRECTORY", directory.c_str(), 0); // NOLINT(concurrency-mt-unsafe)
}

/// Standard error of a service is a socket to the journal, which whoever has no environment cannot tell.
void find_journal() {
    if (std::getenv("JOURNAL_STREAM") != nullptr) return; // NOLINT(concurrency-mt-unsafe)
    struct stat info {};
    if (::fstat(STDERR_FILENO, &info) < 0 || !S_ISSOCK(info.st_mode)) return;
    const auto stream = fmt::format("{}:{}", info.st_dev, info.st_ino);
    ::setenv("JOURNAL_STREAM", stream.c_str(), 0); // NOLINT(concurrency-mt-unsafe)
}

} // namespace

std::string_view unit_of_control_group(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        // "0::PATH", or with the older hierarchies "1:name=systemd:PATH"
        if (!line.starts_with("0::") && line.find(":name=systemd:") == std::string_view::npos) continue;
        const auto unit = line.substr(line.rfind('/') + 1);
        if (unit.ends_with(".service")) return unit;
    }
    return {};
}

Result<std::string> service_of_this_process() {
    constexpr std::size_t largest = 1U << 16U;
    const auto text = read_file("/proc/self/cgroup", largest);
    const auto unit = text ? unit_of_control_group(*text) : std::string_view{};
    if (!unit.starts_with("meshprobe")) return fail(ErrorKind::usage, std::string(nowhere));
    find_credentials(unit);
    find_journal();
    return std::string(unit);
}

} // namespace meshprobe
