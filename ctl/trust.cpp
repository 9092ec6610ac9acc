// meshprobectl trust: the remembered keys of measurement hosts, and which of them changed.
#include "lib/trust.hpp"

#include "ctl/commands.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/output.hpp"
#include "lib/host_name.hpp"
#include "lib/json.hpp"
#include "lib/privilege.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe::command {

namespace {

using Known = std::vector<std::pair<std::string, TrustRecord>>;

constexpr std::int64_t usec_per_second = 1'000'000;

Result<std::vector<std::string>> host_names(const std::vector<std::string>& arguments) {
    std::vector<std::string> names;
    for (const auto& argument : arguments) {
        const auto name = parse_host_name(argument);
        if (!name) return fail(ErrorKind::usage, name.error().message);
        names.push_back(name->text());
    }
    return names;
}

/// A key outlives its host: whoever has one, or may get one, is known.
Status check_hosts(const Paths& paths, const TrustStore& store, const std::vector<std::string>& hosts) {
    if (hosts.empty()) return {};
    auto known = every_host(paths);
    if (!known) return fail(known.error());
    const auto keys = store.list();
    if (!keys) return fail(keys.error());
    for (const auto& [host, record] : *keys)
        known->insert(host);
    return check_host_arguments(hosts, *known);
}

nlohmann::ordered_json to_json(const Known& known) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& [host, record] : known) {
        list.push_back(
            {{"host", host},
             {"state", record.changed_pin.empty() ? "trusted" : "changed"},
             {"pin", record.pin},
             {"verified", record.verified},
             {"first-seen-usec", record.first_seen * usec_per_second},
             {"changed-pin", record.changed_pin.empty() ? nlohmann::ordered_json()
                                                        : nlohmann::ordered_json(record.changed_pin)},
             {"changed-since-usec", record.changed_since * usec_per_second}});
    }
    return list;
}

void print_table(const Known& known, bool legend) {
    Table table({"HOST", "STATE", "SINCE", "CERTIFICATE", "KEY"});
    for (const auto& [host, record] : known) {
        const auto* certificate = record.verified ? "verified" : "self-signed";
        table.add(
            {host, "trusted", local_time(record.first_seen * usec_per_second), certificate, record.pin});
        if (!record.changed_pin.empty()) {
            table.add({host, "refused", local_time(record.changed_since * usec_per_second), "",
                       record.changed_pin});
        }
    }
    table.print_whole(legend); // half a key is none
    const auto changed =
        std::ranges::count_if(known, [](const auto& entry) { return !entry.second.changed_pin.empty(); });
    if (legend && changed > 0) {
        fmt::print("\n{} host{} another key than the remembered one and {} not collected: once you have "
                   "checked the new "
                   "key,\nrun \"meshprobectl trust HOST --accept\".\n",
                   changed, changed == 1 ? " shows" : "s show", changed == 1 ? "is" : "are");
    }
}

ExitCode show(const TrustStore& store, const std::vector<std::string>& hosts, const CommandLine& line) {
    auto known = store.list();
    if (!known) return complain(known.error());
    for (const auto& host : hosts) {
        if (std::ranges::find(*known, host, &Known::value_type::first) != known->end()) continue;
        return complain(
            {ErrorKind::internal, fmt::format("{}: no key is remembered; the next run of its probe "
                                              "remembers the one it sees",
                                              host)});
    }
    if (!hosts.empty()) {
        std::erase_if(
            *known, [&](const auto& entry) { return std::ranges::find(hosts, entry.first) == hosts.end(); });
    }
    if (line.json) {
        print_json(to_json(*known));
    } else {
        print_table(*known, !line.has("no-legend"));
    }
    return ExitCode::success;
}

Status accept(const TrustStore& store, const std::string& host) {
    const auto accepted = store.accept(host, now_usec() / usec_per_second);
    if (!accepted) return fail(accepted.error());
    fmt::print("{}: {} is trusted from now on; its next run collects what was missed\n", host, accepted->pin);
    return {};
}

Status forget(const TrustStore& store, const std::string& host) {
    const auto forgotten = store.forget(host);
    if (!forgotten) return fail(forgotten.error());
    fmt::print("{}: {}\n", host,
               *forgotten ? "forgotten; the key that its next run sees is remembered"
                          : "nothing was remembered");
    return {};
}

} // namespace

ExitCode trust(const CommandLine& line) {
    const bool accepts = line.has("accept");
    const bool forgets = line.has("forget");
    if (accepts && forgets) return complain_about_usage("trust", "--accept and --forget exclude each other");
    if ((accepts || forgets) && line.arguments.empty()) {
        return complain_about_usage("trust", "name the hosts that this is about");
    }
    const auto hosts = host_names(line.arguments);
    if (!hosts) return complain(hosts.error());
    const TrustStore store(line.paths);
    if (const auto checked = check_hosts(line.paths, store, *hosts); !checked) {
        return checked.error().kind == ErrorKind::usage
                   ? complain_about_usage("trust", checked.error().message)
                   : complain(checked.error());
    }
    if (!accepts && !forgets) return show(store, *hosts, line);

    // What the probes' user cannot replace later must not be written by root.
    if (line.paths.has_owners()) {
        if (auto become = become_owner_of(line.paths.checkpoints()); !become) return complain(become.error());
    }
    auto result = ExitCode::success;
    for (const auto& host : *hosts) {
        const auto done = accepts ? accept(store, host) : forget(store, host);
        if (!done) result = complain(done.error());
    }
    return result;
}

} // namespace meshprobe::command
