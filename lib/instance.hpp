// An instance is one task on one host: one timer and one service. Its name is made here and read here.
//
//   task default   meshprobe@HOST          other tasks   meshprobe-TASK@HOST
//
// In HOST, what unit names allow (letters, digits, ":_.-") stays as it is and every other byte becomes \xNN;
// '-' is not '/', which is why units use %i, never %I. `\xNN` is the only thing the inverse decodes.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

inline constexpr std::string_view default_task = "default";

struct Instance {
    std::string task = std::string(default_task);
    std::string host; ///< HostName::text()

    /// `meshprobe@ps1.example.org`: the unit name without its suffix, also the name of its state files.
    [[nodiscard]] std::string name() const;
    [[nodiscard]] std::string timer() const { return name() + ".timer"; }
    [[nodiscard]] std::string service() const { return name() + ".service"; }

    auto operator<=>(const Instance&) const = default;
};

/// `meshprobe` or `meshprobe-TASK`: the template's name, in front of '@'.
[[nodiscard]] std::string template_name(std::string_view task);

/// Accepts what people and systemd write: `HOST`, `meshprobe@HOST`, `meshprobe-TASK@HOST`, each with or
/// without `.timer` or `.service`. Refuses what name() would not make, and names over 200 bytes.
[[nodiscard]] Result<Instance> parse_instance(std::string_view text);

/// Checks an instance that is about to be made: a valid host, a valid task name, at most 200 bytes.
[[nodiscard]] Status check_instance(const Instance& instance);

/// Names of tasks, archives, meshes and limits: [a-z0-9][a-z0-9_-]{0,62}, not "archive" for a task.
[[nodiscard]] bool is_valid_name(std::string_view name);

} // namespace meshprobe
