#include "lib/config/pattern.hpp"

#include "lib/config/suggest.hpp"
#include "lib/glob.hpp"
#include "lib/host_name.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

Result<HostPattern> parse_host_pattern(std::string_view key) {
    if (key.find_first_of("*?") == std::string_view::npos) {
        auto host = parse_host_name(key);
        if (!host) return fail(host.error());
        return HostPattern{host->text(), false};
    }
    HostPattern pattern{std::string(key), true};
    std::ranges::transform(pattern.text, pattern.text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("*?.-_:[]").find(c) != std::string_view::npos;
    };
    if (key.size() > 260 || !std::ranges::all_of(pattern.text, allowed)) {
        return fail(ErrorKind::configuration,
                    fmt::format("{} can match no host: expected letters, digits, \".-_:\", and `*` or `?`",
                                quote(key)));
    }
    return pattern;
}

bool glob_matches(std::string_view glob, std::string_view host) {
    return glob_matches_text(glob, host) || glob_matches_text(glob, without_port(host));
}

std::string_view without_port(std::string_view host) {
    const auto colon = host.rfind(':');
    if (colon == std::string_view::npos || host.ends_with(']')) return host;
    return host.substr(0, colon);
}

} // namespace meshprobe
