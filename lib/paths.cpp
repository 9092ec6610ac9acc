#include "lib/paths.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace meshprobe {

namespace {

namespace fs = std::filesystem;

/// Empty: not set, or not absolute, which the XDG base directory specification says to ignore.
fs::path from_environment(const char* variable) {
    const char* value = std::getenv(variable); // NOLINT(concurrency-mt-unsafe): nothing of ours sets any
    return value != nullptr && *value == '/' ? fs::path(value) : fs::path();
}

fs::path home() {
    if (auto named = from_environment("HOME"); !named.empty()) return named;
    struct passwd entry {};
    struct passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return entry.pw_dir;
    return "/";
}

fs::path either(const fs::path& first, const fs::path& second) {
    return first.empty() ? second : first;
}

} // namespace

std::string_view systemctl(Scope scope) {
    return scope == Scope::user ? "systemctl --user" : "systemctl";
}

std::string_view journal_of_unit(Scope scope) {
    return scope == Scope::user ? "journalctl --user -u" : "journalctl -u";
}

Paths::Paths(fs::path root)
    : root_(std::move(root)), configuration_(root_ / "etc/meshprobe"), state_(root_ / "var/lib/meshprobe"),
      run_(root_ / "run/meshprobe"), units_(root_ / "etc/systemd/system"),
      runtime_units_(root_ / "run/systemd/system"), generated_(root_ / "run/systemd/generator") {}

Paths Paths::of_user(fs::path root) {
    Paths paths(std::move(root));
    const auto at = [&paths](const fs::path& absolute) { return paths.root_ / absolute.relative_path(); };
    const auto configuration = at(either(from_environment("XDG_CONFIG_HOME"), home() / ".config"));
    const auto run = at(runtime_directory(Scope::user));
    paths.scope_ = Scope::user;
    paths.configuration_ = configuration / "meshprobe";
    paths.state_ = at(either(from_environment("XDG_STATE_HOME"), home() / ".local/state")) / "meshprobe";
    paths.run_ = run / "meshprobe";
    paths.units_ = configuration / "systemd/user";
    paths.runtime_units_ = run / "systemd/user";
    paths.generated_ = run / "systemd/generator";
    return paths;
}

fs::path Paths::runtime_directory(Scope scope) {
    if (scope == Scope::system) return "/run";
    return either(from_environment("XDG_RUNTIME_DIR"), fs::path("/run/user") / std::to_string(::getuid()));
}

std::vector<std::string> Paths::options() const {
    std::vector<std::string> words{"--root", root_.string()};
    if (scope_ == Scope::user) words.emplace_back("--user");
    return words;
}

std::vector<fs::path> Paths::drop_in_directories() const {
    return {root_ / "usr/lib/meshprobe/meshprobe.yaml.d", run_ / "meshprobe.yaml.d",
            configuration_ / "meshprobe.yaml.d"};
}

fs::path Paths::packaged_units() const {
    return scope_ == Scope::user ? "/usr/lib/systemd/user" : "/usr/lib/systemd/system";
}

} // namespace meshprobe
