// What is wrong with a configuration, where, and what follows from it.
#pragma once

#include "lib/error.hpp"

#include <string>

namespace meshprobe {

struct Problem {
    enum class Scope {
        entry,   ///< that mesh, archive, limit, task or host is disabled, everything else works
        whole,   ///< the configuration as a whole cannot be used
        warning, ///< it works, but is probably not what was meant (a password in a URL, a rounded interval)
    };
    Scope scope = Scope::entry;
    std::string file; ///< as opened
    int line = 0;     ///< from 1; 0: the file itself (unreadable)
    int column = 0;   ///< from 1, in characters
    std::string path; ///< "tasks.default.interval"
    std::string message;
    std::string entry;  ///< of scope entry: "hosts.ps1.example.org"
    std::string effect; ///< … and what follows: "host ps1.example.org is disabled"

    /// "/etc/meshprobe/meshprobe.yaml:7:13: tasks.default.interval: expected …, got … (did you mean …?)"
    [[nodiscard]] std::string text() const;
    bool operator==(const Problem&) const = default;
};

} // namespace meshprobe
