#include "ctl/mesh/document.hpp"
#include "ctl/mesh/source.hpp"
#include "ctl/output.hpp"
#include "lib/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace meshprobe::command {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct FoundHost {
    std::vector<std::string> urls; ///< best first
    std::set<std::string> addresses;
    std::set<std::string> meshes;
    std::string reason; ///< why it has no measurement archive
};

void add_addresses(const json& holder, std::set<std::string>& addresses) {
    if (!holder.is_object()) return;
    const auto address = holder.find("address");
    if (address != holder.end() && address->is_string()) addresses.insert(address->get<std::string>());
    for (const char* derived : {"labels", "remote-addresses"}) {
        const auto entries = holder.find(derived);
        if (entries == holder.end() || !entries->is_object()) continue;
        for (const json& entry : *entries)
            add_addresses(entry, addresses);
    }
}

class Gathering {
  public:
    void gather(const SourcePart& part) {
        const MeshDocument extracted = extract_measurement_archives(part.read, make_mesh_oracle());
        for (const MeasurementArchive& archive : extracted.archives) {
            FoundHost& host = hosts[archive.host];
            host.meshes.insert(part.location);
            if (std::ranges::find(host.urls, archive.url) == host.urls.end())
                host.urls.push_back(archive.url);
        }
        for (const Refusal& refusal : extracted.refusals)
            refused[refusal].insert(part.location);
        std::set<std::string> collected;
        follow_results(part, collected);
        add_others(part, collected);
    }

    std::map<std::string, FoundHost> hosts;  ///< of measurement archives
    std::map<std::string, FoundHost> others; ///< hosts of the mesh whose results nobody can read
    std::map<Refusal, std::set<std::string>> refused;

  private:
    /// Which addresses' results a measurement archive holds: those of all tuples that are sent there.
    void follow_results(const SourcePart& part, std::set<std::string>& collected) {
        MeshExpansion expansion(part.read.document, make_mesh_oracle());
        for (const MeshTask& task : expansion.tasks()) {
            if (task.disabled) continue;
            const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
                const auto archives = expansion.archives(task, tuple);
                if (!archives) return;
                for (const MeshArchive* archive : *archives) {
                    for (const MeasurementArchive& url : archive->read_urls) {
                        const auto host = hosts.find(url.host);
                        if (host == hosts.end()) continue;
                        for (const Participant& member : tuple.members) {
                            host->second.addresses.emplace(member.address);
                            collected.emplace(member.name);
                        }
                    }
                }
            });
            if (!done) {
                refused[{fmt::format("task {}", printable(task.name)), done.error().message}].insert(
                    part.location);
            }
        }
    }

    void add_others(const SourcePart& part, const std::set<std::string>& collected) {
        const auto addresses = part.read.document.find("addresses");
        if (addresses == part.read.document.end() || !addresses->is_object()) return;
        for (auto entry = addresses->begin(); entry != addresses->end(); ++entry) {
            if (collected.contains(entry.key()) || !entry->is_object()) continue;
            const auto name = entry->find("host");
            FoundHost& host =
                others[name != entry->end() && name->is_string() ? name->get<std::string>() : entry.key()];
            add_addresses(*entry, host.addresses);
            host.meshes.insert(part.location);
            host.reason = "no task sends its results to a measurement archive that can be polled";
        }
    }
};

ordered_json host_json(const ordered_json& name, const FoundHost& host) {
    ordered_json object{{"host", name},
                        {"measurement-archives", host.urls},
                        {"addresses", host.addresses},
                        {"meshes", host.meshes}};
    if (!host.reason.empty()) object["reason"] = host.reason;
    return object;
}

void print_line(const ordered_json& object) {
    fmt::print("{}\n", object.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

void print_json(const Gathering& gathered) {
    for (const auto* hosts : {&gathered.hosts, &gathered.others}) {
        for (const auto& [name, host] : *hosts)
            print_line(host_json(name, host));
    }
    for (const auto& [refusal, meshes] : gathered.refused) {
        const std::string reason = fmt::format("{}: {}", refusal.what, refusal.reason);
        print_line(host_json(nullptr, {{}, {}, meshes, reason}));
    }
}

void print_tables(const CommandLine& line, const Gathering& gathered) {
    Table table({"HOST", "ADDRESSES", "MESHES", "MEASUREMENT ARCHIVES"});
    for (const auto* hosts : {&gathered.hosts, &gathered.others}) {
        for (const auto& [name, host] : *hosts) {
            table.add({name, std::to_string(host.addresses.size()), std::to_string(host.meshes.size()),
                       host.urls.empty() ? fmt::format("- ({})", host.reason)
                                         : fmt::format("{}", fmt::join(host.urls, " "))});
        }
    }
    table.print(!line.has("no-legend"));
    if (!gathered.refused.empty()) fmt::print("\nCannot be polled:\n");
    for (const auto& [refusal, meshes] : gathered.refused)
        fmt::print("  {}: {}\n", one_line(refusal.what), one_line(refusal.reason));
}

} // namespace

ExitCode mesh_hosts(const CommandLine& line, const std::vector<std::string>& arguments) {
    if (arguments.size() != 1) return complain_about_usage("mesh", "say which mesh: a FILE or URL");
    const auto source = load_mesh_source(line.paths, arguments.front());
    if (!source) return complain(source.error());
    Gathering gathered;
    for (const SourcePart& part : source->parts)
        gathered.gather(part);
    for (const Refusal& refusal : source->refusals)
        gathered.refused[refusal].insert(source->location);
    for (const FailedDocument& failure : source->failures)
        gathered.refused[{failure.location, failure.reason}].insert(failure.location);
    line.json ? print_json(gathered) : print_tables(line, gathered);
    return source->failures.empty() ? ExitCode::success : ExitCode::partial;
}

} // namespace meshprobe::command
