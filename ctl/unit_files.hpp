// What `systemctl enable`, `mask` and `unmask` do, followed by the reload that makes it count.
#pragma once

#include "lib/error.hpp"

#include <string>
#include <vector>

namespace meshprobe::unit_files {

[[nodiscard]] Status mask(const std::vector<std::string>& units);
[[nodiscard]] Status unmask(const std::vector<std::string>& units);
[[nodiscard]] Status enable(const std::vector<std::string>& units);

} // namespace meshprobe::unit_files
