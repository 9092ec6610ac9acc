// Which archives want back what their full spools dropped: `when-full: refetch`. The mark of a spool says
// that there is something, lib/spool/quota.hpp; it is set aside while that is fetched, so that what is
// dropped meanwhile sets a new one.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <string>
#include <vector>

namespace meshprobe {

/// Sorted. Their marks are set aside; those of archives whose spools are still filling stay as they are.
[[nodiscard]] Result<std::vector<std::string>> claim_refetches(const Paths& paths, const Config& config);

/// `all_fetched`: nothing of what the marks stood for is missing any more; otherwise they are set again.
[[nodiscard]] Status settle_refetches(const Paths& paths, const std::vector<std::string>& archives,
                                      bool all_fetched);

} // namespace meshprobe
