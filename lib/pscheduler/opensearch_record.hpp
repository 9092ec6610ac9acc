// A result as the OpenSearch archive of perfSONAR 5 keeps it, as the records that reading its esmond gives.
#pragma once

#include "lib/json.hpp"
#include "lib/pscheduler/run_record.hpp"

namespace meshprobe {

/// As read_run_record(), with the key and the addresses that the archive has found out. `protocol` error for
/// what is no result.
[[nodiscard]] Result<RunRecord> read_archived_run(const nlohmann::json& source);

} // namespace meshprobe
