// Before anything is fetched: is there room for it? An archive that is down for days fills its spool up to
// its quota; then `when-full` decides.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/journal.hpp"
#include "lib/paths.hpp"

#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// Makes room where the policy is to drop, recording each loss as a gap of the instance concerned; logs once
/// per machine when a spool begins or ceases to be filling or full. The answer is why the run has to wait;
/// nullopt: it need not. Call it without holding a checkpoint.
[[nodiscard]] Result<std::optional<std::string>>
check_quotas(const Paths& paths, const std::vector<Archive>& archives, const Journal& journal);

} // namespace meshprobe
