#include "ctl/refresh/candidates.hpp"

#include "lib/host_name.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

bool is_publisher_path(std::string_view path) {
    if (path.find('?') != std::string_view::npos) return false;
    const auto name = path.rfind('/');
    if (name == std::string_view::npos || name + 1 == path.size()) return false;
    const auto parent = path.substr(0, name);
    return parent.ends_with("/config") || parent.ends_with("/auto");
}

} // namespace

std::vector<std::string> candidate_urls(std::string_view location, const Includer& includer,
                                        std::string_view worked) {
    const auto url = parse_url(location);
    if (!url || includer.location.empty()) return {std::string(location)};

    std::vector<std::string_view> schemes{url->scheme};
    if (url->scheme == "http") {
        const auto parent = parse_url(includer.location);
        const bool same_service = parent && parent->scheme == "https" && parent->host.host == url->host.host;
        schemes.insert(same_service ? schemes.begin() : schemes.end(), "https");
    }
    std::vector<std::string> urls;
    for (const std::string_view scheme : schemes) {
        std::string plain = fmt::format("{}://{}{}", scheme, url->host.text(), url->path);
        if (includer.is_list && is_publisher_path(url->path)) urls.push_back(plain + "?format=psconfig");
        urls.push_back(std::move(plain));
    }
    std::stable_partition(urls.begin(), urls.end(),
                          [&](const std::string& candidate) { return candidate == worked; });
    return urls;
}

} // namespace meshprobe
