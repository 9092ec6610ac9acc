#include "lib/host_list.hpp"

#include "lib/file.hpp"
#include "lib/host_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace meshprobe {

namespace {

constexpr std::size_t largest_list = 4U << 20;

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

} // namespace meshprobe
