// What `systemctl enable`, `mask` and `unmask` do, followed by the reload that makes it count.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <string>
#include <vector>

namespace meshprobe::unit_files {

[[nodiscard]] Status mask(Scope scope, const std::vector<std::string>& units);
[[nodiscard]] Status unmask(Scope scope, const std::vector<std::string>& units);
[[nodiscard]] Status enable(Scope scope, const std::vector<std::string>& units);

} // namespace meshprobe::unit_files
