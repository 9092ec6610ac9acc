// units/meshprobe.yaml as compiled in: what lies at the bottom where the packaged file is not installed.
#pragma once

#include <string_view>

namespace meshprobe {

[[nodiscard]] std::string_view vendor_defaults();

} // namespace meshprobe
