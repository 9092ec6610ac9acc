// meshprobectl mesh list|show|accept: what refresh knows about the meshes, and the removals it holds back;
// and the verbs of ctl/mesh/, about any mesh.
#include "ctl/commands.hpp"
#include "ctl/mesh/document.hpp"
#include "ctl/output.hpp"
#include "ctl/refresh/publish.hpp"
#include "ctl/refresh/refresh.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/load.hpp"
#include "lib/json.hpp"
#include "lib/mesh/state.hpp"
#include "lib/privilege.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace meshprobe::command {

namespace {

using nlohmann::ordered_json;

struct KnownMesh {
    MeshState state;
    bool in_force = false; ///< configured and enabled
};

Result<std::vector<KnownMesh>> known_meshes(const CommandLine& line, const std::vector<std::string>& wanted) {
    const auto loaded = load_config(line.paths);
    if (!loaded) return fail(loaded.error());
    const auto with_state = list_mesh_states(line.paths);
    if (!with_state) return fail(with_state.error());
    std::set<std::string> names(with_state->begin(), with_state->end());
    for (const auto& [name, mesh] : loaded->config.meshes)
        names.insert(name);

    for (const std::string& name : wanted) {
        if (names.contains(name)) continue;
        const std::vector<std::string_view> known(names.begin(), names.end());
        const auto guess = nearest(name, known);
        return fail(ErrorKind::usage,
                    fmt::format("there is no mesh \"{}\"{}", name,
                                guess ? fmt::format(" (did you mean \"{}\"?)", *guess) : ""));
    }
    std::vector<KnownMesh> meshes;
    for (const std::string& name : names) {
        if (!wanted.empty() && std::ranges::find(wanted, name) == wanted.end()) continue;
        auto state = read_mesh_state(line.paths, name);
        if (!state) return fail(state.error());
        KnownMesh mesh{state->value_or(MeshState{}), is_in_force(*loaded, name)};
        mesh.state.mesh = name;
        const auto configured = loaded->config.meshes.find(name);
        if (configured != loaded->config.meshes.end()) {
            mesh.state.source = configured->second.url.empty()
                                    ? configured->second.file
                                    : check::without_password(configured->second.url);
        }
        meshes.push_back(std::move(mesh));
    }
    return meshes;
}

std::string outcome_of(const KnownMesh& mesh) {
    if (!mesh.in_force) return "disabled";
    const std::string outcome(outcome_name(mesh.state.outcome));
    return mesh.state.held.empty() ? outcome : outcome + ", removals held";
}

ordered_json to_json(const KnownMesh& mesh) {
    auto object = ordered_json::parse(mesh.state.json());
    object["enabled"] = mesh.in_force;
    object["refreshed-usec"] = mesh.state.checked_usec;
    return object;
}

ordered_json to_json(const std::vector<KnownMesh>& meshes) {
    auto list = ordered_json::array();
    for (const KnownMesh& mesh : meshes)
        list.push_back(to_json(mesh));
    return list;
}

ExitCode list(const CommandLine& line) {
    const auto meshes = known_meshes(line, {});
    if (!meshes) return complain(meshes.error());
    if (line.json) {
        print_json(to_json(*meshes));
        return ExitCode::success;
    }
    Table table({"MESH", "HOSTS", "HELD", "REFRESHED", "STATE", "SOURCE"});
    for (const KnownMesh& mesh : *meshes) {
        const MeshState& state = mesh.state;
        table.add({state.mesh, std::to_string(state.hosts.size()), std::to_string(state.held.size()),
                   relative_time(state.checked_usec, now_usec()), outcome_of(mesh), state.source});
    }
    table.print(!line.has("no-legend"));
    return ExitCode::success;
}

void print_mesh(const KnownMesh& mesh) {
    const MeshState& state = mesh.state;
    const auto say = [](std::string_view name, std::string_view value) {
        fmt::print("{:>12}: {}\n", name, one_line(value));
    };
    say("Mesh", state.mesh);
    say("Source", state.source);
    say("State", fmt::format("{} since {}", outcome_of(mesh), local_time(state.since_usec)));
    if (!state.error.empty()) say("Error", state.error);
    say("Refreshed", fmt::format("{} ({})", local_time(state.checked_usec),
                                 relative_time(state.checked_usec, now_usec())));
    say("Changed", fmt::format("{} ({})", local_time(state.changed_usec),
                               relative_time(state.changed_usec, now_usec())));
    say("Documents", std::to_string(state.documents));
    for (const FailedDocument& failure : state.failures) {
        say("Failed", fmt::format("{} ({})", failure.text(),
                                  failure.has_copy ? "the last good copy is used" : "there is no copy yet"));
    }
    for (const Refusal& refusal : state.refusals)
        say("Refused", fmt::format("{}: {}", refusal.what, refusal.reason));
    say("Hosts", std::to_string(state.hosts.size()));
    for (const auto& [host, urls] : state.hosts) {
        const auto held = state.held.find(host);
        fmt::print("{:>12}  {}{}\n", "", printable(host),
                   held == state.held.end() ? ""
                                            : fmt::format("  (vanished {}, held)", local_time(held->second)));
    }
    if (!state.held.empty()) {
        fmt::print("\n{} hosts vanished from the mesh at once; they are still collected.\n"
                   "If that is right: meshprobectl mesh accept {}\n",
                   state.held.size(), state.mesh);
    }
}

ExitCode show(const CommandLine& line, const std::vector<std::string>& names) {
    const auto meshes = known_meshes(line, names);
    if (!meshes) return complain(meshes.error());
    if (line.json) {
        print_json(to_json(*meshes));
        return ExitCode::success;
    }
    for (const KnownMesh& mesh : *meshes) {
        if (&mesh != &meshes->front()) fmt::print("\n");
        print_mesh(mesh);
    }
    return ExitCode::success;
}

ExitCode accept(const CommandLine& line, const std::vector<std::string>& names) {
    if (names.empty()) return complain_about_usage("mesh", "say which mesh: meshprobectl mesh accept NAME");
    if (const auto meshes = known_meshes(line, names); !meshes) return complain(meshes.error());
    // As the state's owner, so that no file of root's stays behind.
    if (line.paths.has_owners()) {
        if (const auto became = become_owner_of(line.paths.mesh()); !became) return complain(became.error());
    }
    auto accepted_json = ordered_json::object();
    for (const std::string& name : names) {
        const auto accepted = accept_held_removals(line.paths, name);
        if (!accepted) {
            return complain(::geteuid() == 0 ? accepted.error()
                                             : Error{accepted.error().kind,
                                                     accepted.error().message + "; you may have to be root"});
        }
        accepted_json[name] = *accepted;
        if (line.json) continue;
        if (accepted->empty()) fmt::print("mesh {}: no removals are held\n", name);
        for (const std::string& host : *accepted)
            fmt::print("mesh {}: {} is removed\n", name, host);
    }
    if (line.json) print_json(accepted_json);
    return ExitCode::success;
}

} // namespace

ExitCode mesh(const CommandLine& line) {
    if (line.arguments.empty()) return list(line);
    const std::string& verb = line.arguments.front();
    const std::vector<std::string> names(line.arguments.begin() + 1, line.arguments.end());
    if (verb == "list" && names.empty()) return list(line);
    if (verb == "show") return show(line, names);
    if (verb == "accept") return accept(line, names);
    if (verb == "expand") return mesh_expand(line, names);
    if (verb == "hosts") return mesh_hosts(line, names);
    if (verb == "validate") return mesh_validate(line, names);
    return complain_about_usage(
        "mesh", fmt::format("expected list, show, accept, expand, hosts or validate, got \"{}\"", verb));
}

} // namespace meshprobe::command
