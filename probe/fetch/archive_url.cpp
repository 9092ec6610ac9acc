#include "probe/fetch/archive_url.hpp"

#include "probe/fetch/foreign_body.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr std::size_t longest_uri = 2048;
constexpr std::string_view standard_path = "/esmond/perfsonar/archive/";

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '_' || c == '.' || c == '~' || c == ':' || c == '@' || c == '+' || c == ',';
}

/// Of an absolute URL what follows its host.
std::string_view without_host(std::string_view uri) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!uri.starts_with(scheme)) continue;
        uri.remove_prefix(scheme.size());
        const auto path = uri.find_first_of("/?#");
        return path == std::string_view::npos ? std::string_view{} : uri.substr(path);
    }
    return uri;
}

std::string_view origin(std::string_view url) {
    const auto host = url.find("://") + 3;
    return url.substr(0, url.find('/', host));
}

std::string_view rest(std::string_view url) {
    const auto scheme = url.find("://");
    return scheme == std::string_view::npos ? url : url.substr(scheme);
}

bool climbs(std::string_view path) {
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto segment = path.substr(at, end - at);
        if (segment == "." || segment == "..") return true;
        at = end + 1;
    }
    return false;
}

/// With the slash that the service wants, and with the standard path if there is none.
std::string completed(std::string url) {
    const auto path = url.substr(origin(url).size());
    if (path.empty() || path == "/") return std::string(origin(url)).append(standard_path);
    if (path.back() != '/' && path.find('?') == std::string::npos) url += '/';
    return url;
}

} // namespace

std::vector<std::string> candidate_urls(const std::vector<std::string>& archives,
                                        const std::string& remembered, bool http_fallback) {
    std::vector<std::string> urls;
    const auto add = [&](std::string url) {
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
    };
    for (const auto& archive : archives) {
        const std::string tail(rest(completed(archive)));
        add("https" + tail);
        if (http_fallback) add("http" + tail);
    }
    // Its own twin stays next to it: https that came back is found when http no longer answers, and vice
    // versa.
    if (const auto found = std::ranges::find(urls, remembered); found != urls.end()) {
        std::rotate(urls.begin(), found, found + 1);
    }
    return urls;
}

std::vector<std::string> service_urls(const std::vector<std::string>& archives, std::string_view path,
                                      const std::string& remembered, bool http_fallback) {
    std::vector<std::string> urls;
    const auto add = [&](std::string url) {
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
    };
    for (const auto& archive : archives) {
        const auto tail = std::string(rest(origin(archive))).append(path);
        add("https" + tail);
        if (http_fallback) add("http" + tail);
    }
    if (const auto found = std::ranges::find(urls, remembered); found != urls.end())
        std::rotate(urls.begin(), found, found + 1);
    return urls;
}

bool differ_in_scheme_only(std::string_view a, std::string_view b) {
    return a != b && rest(a) == rest(b);
}

Result<std::string> resolve(std::string_view archive_url, std::string_view uri) {
    const std::string_view path = without_host(uri);
    if (path.empty() || path.front() != '/' || path.starts_with("//") || path.size() > longest_uri ||
        !std::ranges::all_of(path, is_plain) || climbs(path)) {
        return fail(ErrorKind::protocol, fmt::format("the archive names an address that is no plain path: {}",
                                                     describe_body(uri)));
    }
    return std::string(origin(archive_url)).append(path);
}

} // namespace meshprobe
