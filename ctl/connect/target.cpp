#include "ctl/connect/target.hpp"

#include "lib/config/selection.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/host_name.hpp"
#include "lib/host_record.hpp"
#include "lib/instance.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

namespace meshprobe {

namespace {

struct UsualPort {
    std::string_view scheme;
    std::uint16_t port;
    bool tls;
};
constexpr std::array usual_ports{UsualPort{"http", 80, false},       UsualPort{"https", 443, true},
                                 UsualPort{"amqp", 5672, false},     UsualPort{"amqps", 5671, true},
                                 UsualPort{"kafka", 9092, false},    UsualPort{"postgresql", 5432, false},
                                 UsualPort{"postgres", 5432, false}, UsualPort{"stomp", 61613, false},
                                 UsualPort{"stomps", 61614, true},   UsualPort{"tcp", 0, false},
                                 UsualPort{"tls", 0, true},          UsualPort{"udp", 0, false},
                                 UsualPort{"opensearch", 9200, true}};

/// The probe asks over https first, whatever the mesh says.
std::string first_url(const std::string& url) {
    const auto parsed = parse_url(url);
    if (!parsed) return url;
    return fmt::format("https://{}{}", parsed->host.text(), parsed->path);
}

constexpr std::string_view file_scheme = "file:";
constexpr std::string_view socket_scheme = "unix:";

std::string url_of(const Archive& archive) {
    if (archive.archiver == "file")
        return fmt::format("{}{}", file_scheme, std::filesystem::path(archive.path).parent_path().string());
    if (archive.archiver == "syslog") return fmt::format("{}{}", socket_scheme, archive.path);
    return archive.url;
}

std::set<Instance> find_instances(const Paths& paths, const Config& config, const HostRecords& records) {
    std::set<Instance> found;
    const Selection selection(paths);
    for (const auto& [host, record] : records) {
        for (const auto& [task, settings] : config.tasks) {
            const auto own = config.task(task, host);
            if (own.enabled && selection.is_for(own, host)) {
                found.insert({task, host});
                break; // its other tasks go the same way
            }
        }
    }
    for (auto& instance : instances_enabled_by_hand(paths))
        found.insert(std::move(instance));
    return found;
}

} // namespace

std::string_view kind_name(Target::Kind kind) {
    constexpr std::array<std::string_view, 3> names{"mesh", "host", "archive"};
    return names.at(static_cast<std::size_t>(kind));
}

Result<std::vector<Target>> find_targets(const Paths& paths, const Config& config) {
    std::vector<Target> targets;
    for (const auto& [name, mesh] : config.meshes) {
        if (!mesh.enabled || mesh.url.empty()) continue;
        targets.push_back({.kind = Target::Kind::mesh,
                           .name = name,
                           .unit = "meshprobe-refresh.service",
                           .url = mesh.url,
                           .connection = mesh.connection,
                           .interface = {},
                           .user = "mesh"});
    }
    const auto records = read_host_records(paths);
    if (!records) return fail(records.error());
    for (const auto& instance : find_instances(paths, config, *records)) {
        std::vector<std::string> urls;
        if (const auto record = records->find(instance.host); record != records->end())
            urls = record->second.measurement_archives;
        if (urls.empty()) urls.push_back(standard_archive_url(instance.host));
        auto settings = config.task(instance.task, instance.host);
        targets.push_back({.kind = Target::Kind::host,
                           .name = instance.host,
                           .unit = instance.service(),
                           .url = first_url(urls.front()),
                           .connection = std::move(settings.connection),
                           .interface = std::move(settings.context.interface),
                           .user = "probe"});
    }
    for (const auto& [name, archive] : config.archives) {
        const auto url = url_of(archive);
        if (!archive.enabled || archive.faulty || url.empty()) continue;
        targets.push_back({.kind = Target::Kind::archive,
                           .name = name,
                           .unit = fmt::format("meshprobe-archive@{}.service", name),
                           .url = url,
                           .connection = archive.connection,
                           .interface = {},
                           .user = "archive",
                           .archive = archive});
    }
    return targets;
}

std::string_view local_path_of(std::string_view url) {
    for (const std::string_view scheme : {file_scheme, socket_scheme}) {
        if (url.starts_with(scheme)) return url.substr(scheme.size());
    }
    return {};
}

std::optional<Endpoint> endpoint_of(std::string_view url) {
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return std::nullopt;
    const auto usual = std::ranges::find(usual_ports, url.substr(0, colon), &UsualPort::scheme);
    if (usual == usual_ports.end()) return std::nullopt;
    auto rest = url.substr(colon + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
    Endpoint endpoint{.host = {}, .port = usual->port, .tls = usual->tls};
    const auto bracket = rest.find(']');
    const auto port = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (port != std::string_view::npos) {
        const auto digits = rest.substr(port + 1);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
        if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
    }
    rest = rest.substr(0, port);
    if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
    endpoint.host = rest;
    if (endpoint.host.empty() || endpoint.port == 0) return std::nullopt;
    return endpoint;
}

} // namespace meshprobe
