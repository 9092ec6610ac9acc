#include "lib/paths.hpp"

namespace meshprobe {

std::vector<std::filesystem::path> Paths::drop_in_directories() const {
    return {at("usr/lib/meshprobe/meshprobe.yaml.d"), at("run/meshprobe/meshprobe.yaml.d"),
            at("etc/meshprobe/meshprobe.yaml.d")};
}

} // namespace meshprobe
