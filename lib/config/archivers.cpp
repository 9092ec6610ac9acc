#include "lib/config/archivers.hpp"

#include "lib/config/judge_archive.hpp"

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

constexpr std::array table{
    Archiver{.name = "esmond",
             .keys = "url credential timeout tls ip-version connect-to bind-address proxy proxy-credential "
                     "proxy-ca no-proxy",
             .judge = judge_esmond},
    Archiver{.name = "file",
             .keys = "path window rotate-size rotate-age rotate-keep rotate-compress",
             .judge = judge_file},
    Archiver{.name = "http",
             .keys =
                 "url credential method headers body batch timeout tls ip-version connect-to bind-address "
                 "proxy proxy-credential proxy-ca no-proxy",
             .judge = judge_http},
    Archiver{.name = "opensearch",
             .keys =
                 "url credential index headers batch timeout tls ip-version connect-to bind-address proxy "
                 "proxy-credential proxy-ca no-proxy",
             .judge = judge_opensearch},
    Archiver{
        .name = "rabbitmq",
        .keys =
            "url credential exchange routing-key unroutable window heartbeat tls ip-version connect-to proxy",
        .judge = judge_rabbitmq},
    Archiver{.name = "sqlite", .keys = "retention", .judge = judge_sqlite},
    Archiver{.name = "syslog",
             .keys = "path window syslog-format facility severity identifier",
             .confirms = false,
             .judge = judge_syslog},
    Archiver{.name = "tcp",
             .keys =
                 "url window framing syslog-format facility severity identifier tls ip-version connect-to "
                 "bind-address",
             .confirms = false,
             .judge = judge_tcp},
    Archiver{.name = "udp",
             .keys =
                 "url window payload-size syslog-format facility severity identifier ip-version connect-to "
                 "bind-address",
             .confirms = false,
             .judge = judge_udp},
};

} // namespace

std::span<const Archiver> archivers() {
    return table;
}

std::vector<std::string_view> archiver_names() {
    std::vector<std::string_view> names;
    for (const Archiver& archiver : table)
        names.push_back(archiver.name);
    return names;
}

const Archiver* find_archiver(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Archiver::name);
    return found == table.end() ? nullptr : &*found;
}

} // namespace meshprobe
