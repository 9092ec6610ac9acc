#include "lib/mesh/location.hpp"

#include "lib/host_name.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/percent_encoding.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

namespace meshprobe {

namespace {

bool has_scheme(std::string_view text) {
    const auto colon = text.find("://");
    return colon != std::string_view::npos && colon > 0 && text.find_first_of("/?#") == colon + 1;
}

std::string normal_path(std::string_view path) {
    const auto query = path.find('?');
    const std::string_view plain = path.substr(0, query);
    if (plain.find("/.") == std::string_view::npos)
        return std::string(path); // "//" in a path may mean something
    std::string normal = std::filesystem::path(plain).lexically_normal().string();
    if (query != std::string_view::npos) normal += path.substr(query);
    return normal;
}

std::string url_text(const Url& url, std::string_view path) {
    return fmt::format("{}://{}{}", url.scheme, url.host.text(), normal_path(path));
}

Result<std::string> normal_file(std::string_view path) {
    if (!path.starts_with('/')) {
        return fail(ErrorKind::protocol,
                    fmt::format("{} is neither a URL nor an absolute path", in_quotes(path)));
    }
    if (std::ranges::any_of(
            path, [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; })) {
        return fail(ErrorKind::protocol, fmt::format("{} holds control characters", in_quotes(path)));
    }
    return std::filesystem::path(path).lexically_normal().string();
}

} // namespace

bool UrlWithLogin::is_for(std::string_view other) const {
    if (login.empty()) return false;
    const auto own = parse_url(url);
    const auto asked = parse_url(other);
    return own && asked && own->host == asked->host && own->scheme == asked->scheme;
}

Result<UrlWithLogin> split_login(std::string_view url) {
    const auto scheme = url.find("://");
    const auto begin = scheme == std::string_view::npos ? url.size() : scheme + 3;
    const auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
    const auto at = authority.rfind('@');
    if (at == std::string_view::npos) return UrlWithLogin{std::string(url), {}};
    const auto text = authority.substr(0, at);
    const auto colon = text.find(':');
    const auto user = percent_decode(text.substr(0, colon));
    const auto password =
        percent_decode(colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1));
    if (!user || !password) {
        return fail(ErrorKind::configuration,
                    "the user or password in its URL is not percent-encoded as it should");
    }
    if (user->find(':') != std::string::npos)
        return fail(ErrorKind::configuration, "a user name with a colon cannot be sent");
    return UrlWithLogin{std::string(url.substr(0, begin)).append(url.substr(begin + at + 1)),
                        *user + ":" + *password};
}

bool is_url(std::string_view location) {
    return !location.starts_with('/');
}

Result<std::string> normal_location(std::string_view location) {
    constexpr std::string_view file_scheme = "file://";
    if (location.starts_with(file_scheme)) return normal_file(location.substr(file_scheme.size()));
    if (!has_scheme(location)) return normal_file(location);
    const auto url = parse_url(location);
    if (!url) return fail(url.error());
    return url_text(*url, url->path);
}

Result<std::string> resolve_location(std::string_view base, std::string_view include) {
    if (include.empty()) return fail(ErrorKind::protocol, "an include without a URL");
    if (!is_url(base)) {
        if (has_scheme(include) || include.starts_with('/')) return normal_location(include);
        return normal_file((std::filesystem::path(base).parent_path() / include).string());
    }
    if (has_scheme(include)) {
        auto target = parse_url(include); // http and https only: the network names no files of ours
        return target ? normal_location(include) : fail(target.error());
    }
    const auto url = parse_url(base);
    if (!url) return fail(url.error());
    if (include.starts_with("//")) return normal_location(fmt::format("{}:{}", url->scheme, include));
    // Checked as a whole: the include may hold anything.
    const auto path = url->path.substr(0, url->path.find('?'));
    const std::string joined =
        include.starts_with('/') ? std::string(include) : path.substr(0, path.rfind('/') + 1).append(include);
    return normal_location(fmt::format("{}://{}{}", url->scheme, url->host.text(), joined));
}

} // namespace meshprobe
