// The results that meshprobe delivered, or would have: those of an archive with a database.
#pragma once

#include "ctl/compare/results.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace meshprobe::comparison {

/// Of the archive that is named; else of the one in shadow, else of the only one of type sqlite. A `usage`
/// error says what to choose from.
[[nodiscard]] Result<std::filesystem::path> database_of(const Paths& paths, const Config& config,
                                                        const std::optional<std::string>& archive);

/// All in `range`, sorted. An absent database holds none.
[[nodiscard]] Result<Results> read_own_results(const std::filesystem::path& database, const Range& range);

} // namespace meshprobe::comparison
