#include "lib/mesh/read_url.hpp"

#include "lib/host_name.hpp"
#include "lib/instance.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/variables.hpp"

#include <fmt/core.h>

#include <optional>
#include <string>

namespace meshprobe {

namespace {

constexpr std::string_view standard_path = "/esmond/perfsonar/archive/";

tl::unexpected<Error> refuse(std::string reason) {
    return fail(ErrorKind::protocol, std::move(reason));
}

Status check_address(const HostName& host, const DocumentRules& rules) {
    switch (host.address_class()) {
    case AddressClass::name:
    case AddressClass::global:
        return {};
    case AddressClass::private_use:
        if (rules.allow_private) return {};
        return refuse("a private address; \"allow-private: true\" of the mesh would admit it");
    case AddressClass::loopback:
        if (rules.allow_private) return {};
        return refuse("this machine itself, as the mesh server sees it; \"allow-private: true\" of the mesh "
                      "would admit it");
    case AddressClass::link_local:
        return refuse("a link-local address");
    case AddressClass::unusable:
        break;
    }
    return refuse("an unspecified, multicast or reserved address");
}

/// "ps.example.org/esmond/perfsonar/archive" lacks its scheme; "asdf" is nothing at all.
bool lacks_scheme_only(std::string_view text) {
    const std::string_view host = text.substr(0, text.find('/'));
    return text.find("://") == std::string_view::npos && host.find('.') != std::string_view::npos &&
           parse_host_name(host).has_value();
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// A measurement archive takes results at /logstash, and gives them away at other paths.
std::optional<std::string> base_of_logstash(std::string_view push_url) {
    std::string_view base = trimmed(push_url);
    while (base.ends_with('/'))
        base.remove_suffix(1);
    constexpr std::string_view suffix = "/logstash";
    if (!base.ends_with(suffix)) return std::nullopt;
    base.remove_suffix(suffix.size());
    return std::string(base);
}

std::string archive_path(std::string_view path) {
    path = path.substr(0, path.find('?'));
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return path.empty() ? std::string(standard_path) : std::string(path) + "/";
}

} // namespace

Result<MeasurementArchive> normal_read_url(std::string_view text, const DocumentRules& rules) {
    text = trimmed(text);
    if (text.empty()) return refuse("it has no URL");
    const auto url = parse_url(
        with_brackets_in_urls(lacks_scheme_only(text) ? fmt::format("https://{}", text) : std::string(text)));
    if (!url) return fail(url.error());
    if (url->path.find("/perfSONAR_PS/") != std::string::npos) {
        return refuse("a SOAP service from before perfSONAR 3.4, which cannot be collected");
    }
    if (const auto usable = check_address(url->host, rules); !usable) return fail(usable.error());
    const auto host = parse_host_name(url->host.text()); // drops 80 and 443 whatever the scheme is
    if (!host) return fail(host.error());
    // A name that no unit can have would be a host that no timer ever asks.
    if (auto usable = check_instance({.host = host->text()}); !usable) return fail(usable.error());
    return MeasurementArchive{
        fmt::format("{}://{}{}", url->scheme, url->host.text(), archive_path(url->path)), host->text()};
}

Result<std::string> read_url_of_logstash(std::string_view push_url) {
    if (const auto base = base_of_logstash(push_url)) return *base + std::string(standard_path);
    return refuse("an http archiver whose _url does not end in /logstash and that has no esmond_url: "
                  "results are only pushed there");
}

std::optional<std::string> search_url_of_logstash(std::string_view push_url) {
    const auto base = base_of_logstash(push_url);
    if (!base) return std::nullopt;
    return *base + "/opensearch/";
}

} // namespace meshprobe
