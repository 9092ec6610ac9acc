#include "lib/host_list.hpp"

#include "lib/file.hpp"
#include "lib/host_name.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr std::size_t largest_list = 4U << 20;
constexpr std::size_t largest_record = 1U << 20;

/// File names of records: a host name holds no '/', and brackets and colons are fine in file names.
std::filesystem::path record_path(const Paths& paths, std::string_view host) {
    return paths.mesh() / "host" / host;
}

} // namespace

Result<std::optional<HostList>> read_host_list(const std::filesystem::path& file) {
    auto content = read_file_if_exists(file, largest_list, Links::refuse);
    if (!content) return fail(content.error());
    if (!*content) return std::optional<HostList>{};
    HostList list;
    std::string_view rest = **content;
    for (int number = 1; !rest.empty(); ++number) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const auto host = parse_host_name(line);
        if (!host) {
            list.refused.push_back(fmt::format("line {}: {}", number, host.error().message));
        } else if (host->text() != line) {
            list.refused.push_back(
                fmt::format("line {}: expected \"{}\" in its normal form", number, host->text()));
        } else {
            list.hosts.emplace_back(line);
        }
    }
    std::ranges::sort(list.hosts);
    list.hosts.erase(std::unique(list.hosts.begin(), list.hosts.end()), list.hosts.end());
    return std::optional(std::move(list));
}

Result<std::optional<HostList>> read_host_list(const Paths& paths) {
    return read_host_list(paths.hosts());
}

std::string format_host_list(const std::vector<std::string>& hosts) {
    std::string text;
    for (const auto& host : hosts)
        text += host + "\n";
    return text;
}

Result<std::optional<HostRecord>> read_host_record(const Paths& paths, std::string_view host) {
    const auto path = record_path(paths, host);
    const auto content = read_file_if_exists(path, largest_record, Links::refuse);
    if (!content) return fail(content.error());
    if (!*content) return std::optional<HostRecord>{};
    const auto json = nlohmann::json::parse(**content, nullptr, false);
    try {
        return std::optional(HostRecord{
            .host = json.at("host").get<std::string>(),
            .measurement_archives = json.at("measurement-archives").get<std::vector<std::string>>(),
            .meshes = json.at("meshes").get<std::vector<std::string>>(),
            .addresses = json.at("addresses").get<std::vector<std::string>>(),
            .alias_of = json.at("alias-of").is_null() ? "" : json.at("alias-of").get<std::string>(),
        });
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::storage,
                    fmt::format("{}: {}; remove it and run \"{} start meshprobe-refresh\"", path.string(),
                                error.what(), systemctl(paths.scope())));
    }
}

std::string format_host_record(const HostRecord& record) {
    return nlohmann::ordered_json{
               {"host", record.host},
               {"measurement-archives", record.measurement_archives},
               {"meshes", record.meshes},
               {"addresses", record.addresses},
               {"alias-of",
                record.alias_of.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(record.alias_of)},
           }
               .dump() +
           "\n";
}

std::string standard_archive_url(std::string_view host) {
    return fmt::format("https://{}/esmond/perfsonar/archive/", host);
}

} // namespace meshprobe
