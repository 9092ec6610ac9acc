#include "lib/http/redirect.hpp"

#include <fmt/core.h>

namespace meshprobe {

Result<Url> check_redirect(const HttpRequest& request, long status, std::string_view target,
                           bool may_weaken) {
    constexpr long temporary = 307;
    constexpr long permanent = 308;
    if (request.writes && status != temporary && status != permanent) {
        return fail(
            ErrorKind::protocol,
            fmt::format("answers with a redirect (HTTP status {}) to {}, where one goes without what was "
                        "to be stored; if that is the right place, put it into url:",
                        status, target));
    }
    auto to = parse_url(target);
    if (!to) return fail(to.error().in("redirect"));
    const auto from = parse_url(request.url);
    if (!from) return fail(from.error());
    const bool upgraded = from->scheme == "http" && to->scheme == "https";
    const bool weakened = from->scheme == "https" && to->scheme == "http" && !may_weaken;
    if (to->host.host != from->host.host || (to->host.port != from->host.port && !upgraded) || weakened) {
        return fail(
            ErrorKind::protocol,
            fmt::format(
                "redirect from {} to {}: only followed within the same host, never to weaker transport",
                request.url, target));
    }
    return to;
}

} // namespace meshprobe
