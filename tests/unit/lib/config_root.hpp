// A root with configuration files in it.
#pragma once

#include "lib/config/load.hpp"
#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace meshprobe::test {

class ConfigRoot {
  public:
    [[nodiscard]] Paths paths() const { return Paths(directory_.path()); }

    /// `name` is relative to the root: "etc/meshprobe/meshprobe.yaml".
    void write(const std::string& name, std::string_view text) const {
        const auto path = directory_.path() / name;
        std::filesystem::create_directories(path.parent_path());
        if (const auto written = write_file_atomically(path, text); !written)
            throw std::runtime_error(written.error().message);
    }
    void write(std::string_view text) const { write("etc/meshprobe/meshprobe.yaml", text); }
    void drop_in(const std::string& name, std::string_view text) const {
        write("etc/meshprobe/meshprobe.yaml.d/" + name, text);
    }
    void link(const std::string& name, const std::string& target) const {
        const auto path = directory_.path() / name;
        std::filesystem::create_directories(path.parent_path());
        std::filesystem::remove(path);
        std::filesystem::create_symlink(target, path);
    }
    void remove(const std::string& name) const { std::filesystem::remove(directory_.path() / name); }

    [[nodiscard]] LoadedConfig read() const { return read_config(paths()); }
    [[nodiscard]] std::string file(const std::string& name) const {
        return (directory_.path() / name).string();
    }

  private:
    TemporaryDirectory directory_;
};

/// All problems but warnings, each as "LINE:COLUMN PATH: MESSAGE", one a line.
inline std::string errors(const std::vector<Problem>& problems, bool warnings = false) {
    std::string text;
    for (const auto& problem : problems) {
        if ((problem.scope == Problem::Scope::warning) != warnings) continue;
        text += std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.path +
                ": " + problem.message + "\n";
    }
    return text;
}

} // namespace meshprobe::test
