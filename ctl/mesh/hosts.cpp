#include "ctl/mesh/document.hpp"
#include "ctl/mesh/source.hpp"
#include "ctl/output.hpp"
#include "lib/json.hpp"
#include "lib/mesh/mesh_name.hpp"

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
    std::string reason;                  ///< why it has no measurement archive
    std::set<std::string> searches = {}; ///< where its OpenSearch answers itself
};

/// All addresses of an entry, those of its labels and to its peers too, as they are written.
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
    Gathering(const json& requesting_agent, const DocumentRules& rules)
        : requesting_agent_(requesting_agent), rules_(rules) {}

    void gather(const SourcePart& part) {
        const MeshDocument extracted =
            extract_measurement_archives(part.read, make_mesh_oracle(requesting_agent_, rules_));
        for (const MeasurementArchive& archive : extracted.archives) {
            FoundHost& host = hosts[archive.host];
            host.meshes.insert(part.location);
            if (std::ranges::find(host.urls, archive.url) == host.urls.end())
                host.urls.push_back(archive.url);
        }
        for (const MeasurementArchive& search : extracted.searches) {
            if (const auto host = hosts.find(search.host); host != hosts.end())
                host->second.searches.insert(search.url);
        }
        for (const Refusal& refusal : extracted.refusals)
            refuse(part, refusal);
        add_others(part, follow_results(part));
    }

    std::map<std::string, FoundHost> hosts;  ///< of measurement archives
    std::map<std::string, FoundHost> others; ///< hosts of the mesh whose results nobody can read
    std::map<Refusal, std::set<std::string>> refused;

  private:
    /// Which addresses' results can be read, by the names of their entries.
    struct Followed {
        std::set<std::string> collected;
        bool is_complete = true; ///< false: there are tasks or classes of which that is not known
    };

    void refuse(const SourcePart& part, const Refusal& refusal) { refused[refusal].insert(part.location); }

    /// Which addresses' results a measurement archive holds: those of all tuples that are sent there.
    Followed follow_results(const SourcePart& part) {
        Followed followed;
        MeshExpansion expansion(part.read.document, make_mesh_oracle(requesting_agent_, rules_));
        for (const MeshTask& task : expansion.tasks()) {
            if (task.disabled) continue;
            const auto leave_out = [&](const std::string& reason) {
                refuse(part, {"task " + in_quotes(task.name), reason});
                followed.is_complete = false;
            };
            if (!task.problem.empty()) {
                leave_out(task.problem);
                continue;
            }
            const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
                const auto archives = expansion.archives(task, tuple);
                if (!archives) return leave_out(archives.error().message);
                for (const MeshArchive* archive : *archives)
                    note(tuple, *archive, followed.collected);
            });
            if (!done) leave_out(done.error().message);
        }
        for (const Omission& omission : expansion.refusals()) {
            refuse(part, omission);
            if (!omission.is_fault) followed.is_complete = false;
        }
        return followed;
    }

    void note(const MeshTuple& tuple, const MeshArchive& archive, std::set<std::string>& collected) {
        for (const MeasurementArchive& url : archive.read_urls) {
            const auto host = hosts.find(url.host);
            if (host == hosts.end()) continue;
            for (const Participant& member : tuple.members) {
                host->second.addresses.emplace(member.address);
                collected.emplace(member.name);
            }
        }
    }

    void add_others(const SourcePart& part, const Followed& followed) {
        const auto addresses = part.read.document.find("addresses");
        if (addresses == part.read.document.end() || !addresses->is_object()) return;
        for (auto entry = addresses->begin(); entry != addresses->end(); ++entry) {
            if (followed.collected.contains(entry.key())) continue;
            const std::set<std::string> usable = usable_addresses(part, entry.key(), *entry);
            if (usable.empty()) continue;
            FoundHost& host = others[host_name(part, entry.key(), *entry)];
            host.addresses.insert(usable.begin(), usable.end());
            host.meshes.insert(part.location);
            host.reason = followed.is_complete
                              ? "no task sends its results to a measurement archive that can be polled"
                              : "no task is known to send its results to a measurement archive that can be "
                                "polled, but some tasks or classes cannot be expanded here";
        }
    }

    /// An address without a usable host stands for itself.
    std::string host_name(const SourcePart& part, const std::string& name, const json& entry) {
        const auto host = entry.find("host");
        if (host == entry.end() || !host->is_string()) return name;
        const auto& text = host->get_ref<const std::string&>();
        const auto checked = check_mesh_name(text);
        if (checked && !text.empty()) return text;
        if (!checked) refuse(part, {"host " + in_quotes(text), checked.error().message});
        return name;
    }

    /// Those that may stand in a mesh; the others are refused, as the expansion refuses them.
    std::set<std::string> usable_addresses(const SourcePart& part, const std::string& name,
                                           const json& entry) {
        const std::string what = "address " + in_quotes(name);
        if (auto checked = check_mesh_name(name); !checked) {
            refuse(part, {what, checked.error().message});
            return {};
        }
        std::set<std::string> addresses;
        add_addresses(entry, addresses);
        if (addresses.empty()) refuse(part, {what, "it has no address"});
        std::erase_if(addresses, [&](const std::string& address) {
            const auto checked = check_mesh_address(address);
            if (!checked) refuse(part, {what, checked.error().message});
            return !checked;
        });
        return addresses;
    }

    const json& requesting_agent_;
    DocumentRules rules_;
};

ordered_json host_json(const ordered_json& name, const FoundHost& host) {
    ordered_json object{{"host", name},
                        {"measurement-archives", host.urls},
                        {"addresses", host.addresses},
                        {"meshes", host.meshes}};
    if (!host.searches.empty()) object["opensearch"] = host.searches;
    if (!host.reason.empty()) object["reason"] = host.reason;
    return object;
}

void print_line(const ordered_json& object) {
    fmt::print("{}\n", object.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

void print_lines(const Gathering& gathered) {
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
                       host.urls.empty()
                           ? fmt::format("- ({})", host.reason)
                           : fmt::format("{}{}{}", fmt::join(host.urls, " "),
                                         host.searches.empty() ? "" : " ", fmt::join(host.searches, " "))});
        }
    }
    table.print(!line.has("no-legend"));
    if (!gathered.refused.empty()) fmt::print("\nLeft out:\n");
    for (const auto& [refusal, meshes] : gathered.refused)
        fmt::print("  {}: {}\n", one_line(refusal.what), one_line(refusal.reason));
}

} // namespace

ExitCode mesh_hosts(const CommandLine& line, const std::vector<std::string>& arguments) {
    if (arguments.size() != 1) return complain_about_usage("mesh", "say which mesh: a FILE or URL");
    const auto agent = read_requesting_agent(line);
    if (!agent) return complain_about_mesh(agent.error());
    const auto source = load_mesh_source(line.paths, arguments.front());
    if (!source) return complain(source.error());
    Gathering gathered(*agent, {.allow_private = line.has("allow-private")});
    for (const SourcePart& part : source->parts)
        gathered.gather(part);
    for (const Refusal& refusal : source->refusals)
        gathered.refused[refusal].insert(source->location);
    for (const FailedDocument& failure : source->failures)
        gathered.refused[{failure.location, failure.reason}].insert(failure.location);
    line.json ? print_lines(gathered) : print_tables(line, gathered);
    return source->failures.empty() ? ExitCode::success : ExitCode::partial;
}

} // namespace meshprobe::command
