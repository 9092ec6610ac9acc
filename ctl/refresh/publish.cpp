#include "ctl/refresh/publish.hpp"

#include "ctl/refresh/alias.hpp"
#include "ctl/refresh/facts.hpp"
#include "ctl/refresh/same_keys.hpp"
#include "lib/file.hpp"
#include "lib/host_list.hpp"
#include "lib/host_name.hpp"
#include "lib/mesh/state.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <system_error>

namespace meshprobe {

namespace {

using Records = std::map<std::string, HostRecord, std::less<>>;

constexpr unsigned lookups_at_once = 16;
constexpr std::size_t largest_book = 64U << 20;

struct Union {
    Records records;
    bool was_refreshed = false; ///< some mesh in force was had at least once, or none is wanted
};

Result<Union> unite(const Paths& paths, const LoadedConfig& loaded) {
    const auto meshes = list_mesh_states(paths);
    if (!meshes) return fail(meshes.error());
    Union all;
    all.was_refreshed = std::ranges::none_of(
        loaded.config.meshes, [&](const auto& entry) { return is_in_force(loaded, entry.first); });
    for (const std::string& mesh : *meshes) {
        if (!is_in_force(loaded, mesh)) continue;
        const auto state = read_mesh_state(paths, mesh);
        if (!state) return fail(state.error());
        if (!*state || (*state)->documents == 0) continue;
        all.was_refreshed = true;
        for (const auto& [host, urls] : (*state)->hosts) {
            HostRecord& record = all.records[host];
            record.host = host;
            record.meshes.push_back(mesh);
            std::ranges::copy_if(urls, std::back_inserter(record.measurement_archives),
                                 [&](const std::string& url) {
                                     return std::ranges::find(record.measurement_archives, url) ==
                                            record.measurement_archives.end();
                                 });
        }
    }
    return all;
}

Status set_aliases(const Paths& paths, const std::vector<std::string>& in_use, Dns dns,
                   const std::function<bool()>& stop, Records& records) {
    const auto path = paths.mesh() / "addresses";
    const auto text = read_file_if_exists(path, largest_book, Links::refuse);
    const AddressBook last = text && *text ? parse_address_book(**text) : AddressBook{};
    std::set<std::string> hosts;
    for (const auto& [host, record] : records)
        hosts.insert(host);
    std::map<std::string, std::set<std::string>> resolved;
    if (dns == Dns::ask) resolved = resolve_hosts(hosts, lookups_at_once, std::chrono::minutes(1), stop);
    const AddressBook book =
        merge_same_addresses(hosts, last, resolved, {in_use.begin(), in_use.end()}, now_moment().wall_usec);
    for (const auto& [host, address] : book) {
        records.at(host).addresses.assign(address.addresses.begin(), address.addresses.end());
        records.at(host).alias_of = address.alias_of;
    }
    if (book == last) return {};
    return write_file_durably(path, format_address_book(book));
}

/// One flush for all of them instead of one for each: a mesh may bring thousands.
Status sync_file_system(const std::filesystem::path& directory) {
    const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open() || ::syncfs(fd.get()) < 0) return fail_errno("sync " + directory.string());
    return {};
}

/// The first time all of them are new: written where nobody looks, and there with one rename.
Status write_first_records(const std::filesystem::path& directory, const Records& records) {
    const auto unseen = directory.parent_path() / ".host.new";
    std::error_code error;
    std::filesystem::remove_all(unseen, error); // a refresh that was broken off left it
    if (auto made = make_directories(unseen); !made) return made;
    for (const auto& [host, record] : records) {
        if (auto written = write_new_file(unseen / host, format_host_record(record)); !written)
            return written;
    }
    if (auto synced = sync_file_system(unseen); !synced) return synced;
    if (::rename(unseen.c_str(), directory.c_str()) < 0) return fail_errno("rename " + unseen.string());
    return sync_directory(directory.parent_path());
}

Status write_records(const std::filesystem::path& directory, const Records& records) {
    constexpr std::size_t largest_record = 1U << 20;
    std::error_code error;
    if (!std::filesystem::exists(directory, error) && !error) return write_first_records(directory, records);
    bool written_any = false;
    for (const auto& [host, record] : records) {
        const std::string text = format_host_record(record);
        const auto existing = read_file_if_exists(directory / host, largest_record, Links::refuse);
        if (existing && *existing && **existing == text) continue;
        if (auto written = write_file_atomically(directory / host, text); !written) return written;
        written_any = true;
    }
    return written_any ? sync_file_system(directory) : Status{};
}

Status remove_records(const std::filesystem::path& directory, const Records& records) {
    std::error_code error;
    std::vector<std::filesystem::path> vanished;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (!records.contains(name)) vanished.push_back(entry->path());
    }
    for (const auto& path : vanished) {
        if (::unlink(path.c_str()) < 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    }
    return {};
}

} // namespace

bool is_in_force(const LoadedConfig& loaded, const std::string& mesh) {
    const auto configured = loaded.config.meshes.find(mesh);
    if (configured != loaded.config.meshes.end() && configured->second.enabled) return true;
    return std::ranges::any_of(loaded.problems, [&](const Problem& problem) {
        return problem.scope == Problem::Scope::entry && problem.entry == "meshes." + mesh;
    });
}

Result<Publication> publish_hosts(const Paths& paths, const LoadedConfig& loaded, Dns dns,
                                  const std::function<bool()>& stop) {
    auto all = unite(paths, loaded);
    if (!all) return fail(all.error());
    const auto published = read_host_list(paths);
    if (!published) return fail(published.error());
    const std::vector<std::string> before = *published ? (*published)->hosts : std::vector<std::string>{};
    // Not a single answer yet: that is no knowledge, and an absent list says so.
    if (!all->was_refreshed && !*published) return Publication{};

    if (loaded.config.merge_same_address) {
        if (auto set = set_aliases(paths, before, dns, stop, all->records); !set) return fail(set.error());
    }
    if (auto set = set_key_aliases(paths, loaded.config, {before.begin(), before.end()},
                                   now_moment().wall_usec, all->records);
        !set)
        return fail(set.error());
    const auto directory = paths.mesh() / "host";
    // A host's record is there before the list names it, and goes after the list ceased to.
    if (auto written = write_records(directory, all->records); !written) return fail(written.error());
    Publication publication;
    std::vector<std::string> hosts;
    for (const auto& [host, record] : all->records) {
        if (record.alias_of.empty()) hosts.push_back(host);
    }
    // Before the list: what is made of a host goes by what is said of it.
    MeshesOfHosts meshes;
    for (const auto& [host, record] : all->records)
        meshes.emplace(host, record.meshes);
    if (auto written = publish_facts(paths, meshes); !written) return fail(written.error());
    publication.hosts = hosts.size();
    publication.aliases = all->records.size() - hosts.size();
    std::ranges::set_difference(hosts, before, std::back_inserter(publication.added));
    std::ranges::set_difference(before, hosts, std::back_inserter(publication.removed));
    publication.written = !*published || hosts != before || !(*published)->refused.empty();
    if (publication.written) {
        if (auto written = write_file_durably(paths.hosts(), format_host_list(hosts)); !written)
            return fail(written.error());
    }
    if (auto removed = remove_records(directory, all->records); !removed) return fail(removed.error());
    return publication;
}

} // namespace meshprobe
