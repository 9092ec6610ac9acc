#include "generator/input.hpp"

#include "lib/enabled_by_hand.hpp"
#include "lib/host_facts.hpp"
#include "lib/host_list.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace meshprobe {

namespace {

/// The kernel log is no place for a list; `meshprobectl check` prints everything.
constexpr std::size_t most_remarks = 5;

void add(std::vector<Remark>& remarks, const MessageId& id, const std::vector<std::string>& lines,
         std::string_view rest) {
    for (std::size_t i = 0; i < std::min(lines.size(), most_remarks); ++i)
        remarks.push_back({id, lines[i]});
    if (lines.size() > most_remarks) {
        remarks.push_back({id, fmt::format("{} more: {}", lines.size() - most_remarks, rest)});
    }
}

void remark_on(const LoadedConfig& loaded, std::vector<Remark>& remarks) {
    std::vector<std::string> whole;
    std::vector<std::string> entries;
    for (const auto& problem : loaded.problems) {
        if (problem.scope == Problem::Scope::whole) whole.push_back(problem.text());
        if (problem.scope == Problem::Scope::entry) entries.push_back(problem.text());
    }
    if (loaded.kept) {
        const auto why = whole.empty() ? std::string("the configuration cannot be used") : whole.front();
        remarks.push_back(
            {message::configuration_kept, "the last good configuration stays in force: " + why});
        return; // entries of files that are not in force
    }
    add(remarks, message::configuration_problem, entries, "run \"meshprobectl check\"");
}

std::string refresh_again(Scope scope) {
    return fmt::format("run \"{} start meshprobe-refresh\"", systemctl(scope));
}

/// Empty: it is not there, or not usable, which is remarked upon.
std::optional<HostList> usable(Result<std::optional<HostList>> list, const std::filesystem::path& file,
                               Scope scope, std::vector<Remark>& remarks) {
    if (!list) {
        remarks.push_back({message::mesh_entry_refused,
                           list.error().message + "; expected the plain file that refresh writes"});
        return {};
    }
    if (!*list) return {};
    std::vector<std::string> lines;
    for (const auto& refused : (*list)->refused)
        lines.push_back(fmt::format("{}: {}", file.string(), refused));
    add(remarks, message::mesh_entry_refused, lines, refresh_again(scope));
    // Refresh writes nothing that is refused: a list without one good line is no list.
    if ((*list)->hosts.empty() && !(*list)->refused.empty()) return {};
    return std::move(*list);
}

std::vector<std::string> read_hosts(const Paths& paths, std::vector<Remark>& remarks) {
    if (auto list = usable(read_host_list(paths), paths.hosts(), paths.scope(), remarks))
        return std::move(list->hosts);
    const auto kept_file = paths.plan() / "hosts";
    auto kept = usable(read_host_list(kept_file), kept_file, paths.scope(), remarks);
    if (!kept)
        return {}; // nothing was refreshed so far, or /var is not there yet: converge will come back to it
    remarks.push_back({message::configuration_kept,
                       fmt::format("{} is missing or unusable; {} stays in force, hosts: {}",
                                   paths.hosts().string(), kept_file.string(), kept->hosts.size())});
    return std::move(kept->hosts);
}

/// The same; without either nothing is known, and what is selected by it has no hosts.
FactsOfHosts read_facts(const Paths& paths, std::vector<Remark>& remarks) {
    const std::array files{paths.host_facts(), paths.plan() / "facts"};
    for (const auto& file : files) {
        auto facts = read_host_facts(file);
        if (!facts) {
            remarks.push_back({message::mesh_entry_refused,
                               facts.error().message + "; expected the plain file that refresh writes"});
            continue;
        }
        if (!*facts) continue;
        std::vector<std::string> lines;
        for (const auto& refused : (*facts)->refused)
            lines.push_back(fmt::format("{}: {}", file.string(), refused));
        add(remarks, message::mesh_entry_refused, lines, refresh_again(paths.scope()));
        return std::move((*facts)->hosts);
    }
    return {};
}

std::set<std::string, std::less<>> list_credentials(const Paths& paths, std::string_view user) {
    std::set<std::string, std::less<>> names;
    std::error_code error; // no directory, no credentials
    for (std::filesystem::directory_iterator entry(paths.credentials(user), error), end;
         !error && entry != end; entry.increment(error)) {
        if (entry->is_regular_file(error)) names.insert(entry->path().filename().string());
    }
    return names;
}

std::set<std::string, std::less<>> namespaces_with_resolver(const Paths& paths) {
    std::set<std::string, std::less<>> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(paths.namespaces(), error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code absent;
        if (std::filesystem::is_regular_file(entry->path() / "resolv.conf", absent))
            names.insert(entry->path().filename().string());
    }
    return names;
}

/// A user's own may be anything; units are to name them, and what they name is plain.
Status check_directories(const Paths& paths) {
    for (const auto& directory : {paths.configuration_directory(), paths.state()}) {
        const auto text = directory.string();
        const auto odd = std::ranges::find_if(text, [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) == 0 &&
                   std::string_view("/._-+@").find(c) == std::string_view::npos;
        });
        if (odd == text.end() || paths.scope() == Scope::system) continue;
        return fail(
            ErrorKind::configuration,
            fmt::format("{}: units cannot name a directory with \"{}\" in its path; set XDG_CONFIG_HOME "
                        "and XDG_STATE_HOME to others",
                        text, *odd));
    }
    return {};
}

} // namespace

Result<Input> read_input(const Paths& paths) {
    if (auto good = check_directories(paths); !good) return fail(good.error());
    auto loaded = load_config(paths);
    if (!loaded) return fail(loaded.error());
    Input input;
    remark_on(*loaded, input.remarks);
    input.config = std::move(loaded->config);
    input.facts = {
        .paths = paths.scope() == Scope::user ? Paths::of_user() : Paths(),
        .hosts = read_hosts(paths, input.remarks),
        .facts = read_facts(paths, input.remarks),
        .enabled_by_hand = instances_enabled_by_hand(paths),
        .probe_credentials = list_credentials(paths, "probe"),
        .archive_credentials = list_credentials(paths, "archive"),
        .mesh_credentials = list_credentials(paths, "mesh"),
        .resolvers = namespaces_with_resolver(paths),
    };
    return input;
}

} // namespace meshprobe
