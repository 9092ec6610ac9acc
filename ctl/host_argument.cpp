#include "ctl/host_argument.hpp"

#include "lib/command_line.hpp"
#include "lib/enabled_by_hand.hpp"
#include "lib/host_name.hpp"
#include "lib/host_record.hpp"
#include "lib/instance.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace meshprobe {

namespace {

/// Calls take(file) for each entry; an absent directory has none.
template <class Take>
Status each_file(const std::filesystem::path& directory, Take take) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        take(entry->path());
    }
    if (!error || error == std::errc::no_such_file_or_directory) return {};
    return fail(ErrorKind::storage, fmt::format("list {}: {}", directory.string(), error.message()));
}

std::optional<std::string> guess(const std::string& argument, const std::set<std::string>& known) {
    if (argument.find_first_of("*?") != std::string::npos) return std::nullopt;
    const auto meant = parse_host_name(argument);
    const auto at_another_port = std::ranges::find_if(known, [&](const std::string& host) {
        const auto name = parse_host_name(host);
        return meant && name && name->host == meant->host;
    });
    if (at_another_port != known.end()) return *at_another_port;
    const std::vector<std::string_view> names(known.begin(), known.end());
    const auto near = nearest(argument, names);
    return near ? std::optional(std::string(*near)) : std::nullopt;
}

} // namespace

bool names_host(const std::string& argument, const std::string& host) {
    if (const auto name = parse_host_name(argument)) return name->text() == host; // "[::1]" is no glob
    return ::fnmatch(argument.c_str(), host.c_str(), FNM_NOESCAPE | FNM_CASEFOLD) == 0;
}

Result<std::set<std::string>> every_host(const Paths& paths) {
    std::set<std::string> hosts;
    const auto records = read_host_records(paths);
    if (!records) return fail(records.error());
    for (const auto& [host, record] : *records)
        hosts.insert(host);
    auto listed = each_file(paths.checkpoints(), [&](const std::filesystem::path& file) {
        if (file.extension() != ".snapshot" && file.extension() != ".log") return;
        if (const auto instance = parse_instance(file.stem().string())) hosts.insert(instance->host);
    });
    if (!listed) return fail(listed.error());
    for (const Instance& instance : instances_enabled_by_hand(paths))
        hosts.insert(instance.host);
    return hosts;
}

std::string no_such_host(const std::string& argument, const std::set<std::string>& known) {
    const auto meant = guess(argument, known);
    return fmt::format("no host matches {}{}; see 'meshprobectl hosts'", argument,
                       meant ? fmt::format(" (did you mean \"{}\"?)", *meant) : "");
}

Status check_host_arguments(std::span<const std::string> arguments, const std::set<std::string>& known) {
    for (const std::string& argument : arguments) {
        const bool is_known = std::ranges::any_of(
            known, [&argument](const std::string& host) { return names_host(argument, host); });
        if (!is_known) return fail(ErrorKind::usage, no_such_host(argument, known));
    }
    return {};
}

} // namespace meshprobe
