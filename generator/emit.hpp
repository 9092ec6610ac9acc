// Writes a plan below the directory that systemd hands to a generator.
#pragma once

#include "generator/plan.hpp"
#include "lib/error.hpp"

#include <filesystem>
#include <string>

namespace meshprobe {

/// systemd hands over an empty directory. By hand it may hold an earlier run's files: those of ours are
/// removed first, nothing else is touched. What cannot be written does not keep the rest from being written;
/// the first error is returned.
[[nodiscard]] Status emit(const Plan& plan, const std::filesystem::path& directory);

/// For people: each file with its content, each link with its target.
[[nodiscard]] std::string plan_text(const Plan& plan);
/// [{"path":…,"content":…}|{"path":…,"target":…}, …]
[[nodiscard]] std::string plan_json(const Plan& plan);

} // namespace meshprobe
