// One round of everything, with or without systemd: refresh, collect, deliver.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/exit_code.hpp"
#include "lib/paths.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace meshprobe {

struct Round {
    struct Probe {
        std::string instance;
        int status = 0;      ///< what the probe returned
        std::string outcome; ///< "success", "partial", "unreachable", "deferred", "untrusted", "failed"
        std::string message;
        std::uint64_t points = 0;
    };
    struct Delivery {
        std::string archive;
        int status = 0;
        std::uint64_t points = 0;
        std::string message;
        bool shadow = false; ///< nothing was delivered, only noted down
    };
    struct Mesh {
        std::string mesh;
        std::string outcome; ///< outcome_name() of its state
        std::string message; ///< why it is not "refreshed"
    };
    int refresh = 0;                  ///< what meshprobe-refresh returned
    std::vector<Mesh> meshes;         ///< sorted by name
    std::string broken;               ///< the problem for which the last good configuration stays in force
    int generator = 0;                ///< what meshprobe-generator returned
    std::vector<Probe> probes;        ///< sorted by instance
    std::vector<Delivery> deliveries; ///< sorted by archive
};

/// The worst local fault, else left_over, else partial if some host or mesh could not be had, else success.
[[nodiscard]] ExitCode verdict(const Round& round);

} // namespace meshprobe
