// pScheduler's context plug-ins, as far as they are asked before anything runs in them (pScheduler: a plug-in
// is a directory with the programs enumerate, data-is-valid and change).
#pragma once

#include "lib/error.hpp"
#include "lib/units_of_measure.hpp"

#include <filesystem>
#include <string>

namespace meshprobe {

/// Asks the data-is-valid beside `change` what it thinks of `data` (JSON; empty: {}). `configuration` error
/// with its words if it refuses, `internal` if it cannot be asked or does not answer in time. Without one all
/// is well.
[[nodiscard]] Status ask_whether_valid(const std::filesystem::path& change, const std::string& data,
                                       Microseconds patience);

} // namespace meshprobe
