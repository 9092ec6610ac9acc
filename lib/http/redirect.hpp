// Whether an answer's redirect may be followed.
#pragma once

#include "lib/error.hpp"
#include "lib/host_name.hpp"
#include "lib/http/session.hpp"

#include <string_view>

namespace meshprobe {

/// Where to go on: within the same host, never to weaker transport unless `may_weaken`, and with
/// HttpRequest::writes only if method and body are kept. `protocol` error otherwise.
[[nodiscard]] Result<Url> check_redirect(const HttpRequest& request, long status, std::string_view target,
                                         bool may_weaken);

} // namespace meshprobe
