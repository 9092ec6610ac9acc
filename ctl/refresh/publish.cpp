#include "ctl/refresh/publish.hpp"

#include "ctl/refresh/alias.hpp"
#include "ctl/refresh/facts.hpp"
#include "ctl/refresh/same_keys.hpp"
#include "lib/file.hpp"
#include "lib/host_list.hpp"
#include "lib/host_record.hpp"
#include "lib/mesh/state.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <system_error>

namespace meshprobe {

namespace {

constexpr unsigned lookups_at_once = 16;
constexpr std::size_t largest_book = 64U << 20;

struct Union {
    HostRecords records;
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
                   const std::function<bool()>& stop, HostRecords& records) {
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

/// What the last refresh left; what cannot be read is replaced like what is not there.
std::string published_records(const Paths& paths) {
    auto text = read_file_if_exists(paths.host_records(), largest_book, Links::refuse);
    return text && *text ? std::move(**text) : std::string{};
}

Status replace(const std::filesystem::path& file, std::string_view before, std::string_view after) {
    if (before == after && !after.empty()) return {};
    return write_file_durably(file, after);
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
    // A host's record is there before the list names it, and goes after the list ceased to.
    const std::string records = format_host_records(all->records);
    const std::string records_before = published_records(paths);
    const std::string records_between = merge_host_records(records, records_before);
    if (auto written = replace(paths.host_records(), records_before, records_between); !written)
        return fail(written.error());
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
    if (auto written = replace(paths.host_records(), records_between, records); !written)
        return fail(written.error());
    return publication;
}

} // namespace meshprobe
