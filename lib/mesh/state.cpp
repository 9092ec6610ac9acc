#include "lib/mesh/state.hpp"

#include "lib/file.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <system_error>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t largest_state = 64U << 20; ///< 10 000 hosts are 2 MiB
constexpr std::array<std::string_view, 4> outcome_names{"never", "refreshed", "partial", "failed"};

json to_json(const Moment& moment) {
    return {{"wall-usec", moment.wall_usec}, {"boot-id", moment.boot_id}, {"boot-usec", moment.boot_usec}};
}

MeshState from_json(const json& object) {
    MeshState state;
    state.mesh = object.at("mesh").get<std::string>();
    state.source = object.at("source").get<std::string>();
    const auto name = object.at("outcome").get<std::string>();
    const auto known = std::ranges::find(outcome_names, name);
    if (known != outcome_names.end())
        state.outcome = static_cast<MeshState::Outcome>(known - outcome_names.begin());
    state.error = object.at("error").get<std::string>();
    object.at("since-usec").get_to(state.since_usec);
    object.at("changed-usec").get_to(state.changed_usec);
    object.at("documents").get_to(state.documents);
    object.at("plain-http").get_to(state.plain_http);
    for (const auto& [host, urls] : object.at("hosts").items())
        state.hosts[host] = urls.get<std::vector<std::string>>();
    for (const auto& [host, since] : object.at("held").items())
        state.held[host] = since.get<std::int64_t>();
    for (const auto& [host, moment] : object.at("removed").items()) {
        state.removed[host] = {moment.at("wall-usec").get<std::int64_t>(),
                               moment.at("boot-id").get<std::string>(),
                               moment.at("boot-usec").get<std::int64_t>()};
    }
    for (const auto& failure : object.at("failures")) {
        state.failures.push_back({failure.at("location").get<std::string>(),
                                  failure.at("reason").get<std::string>(),
                                  failure.at("has-copy").get<bool>()});
    }
    for (const auto& refusal : object.at("refusals")) {
        state.refusals.push_back(
            {refusal.at("what").get<std::string>(), refusal.at("reason").get<std::string>()});
    }
    return state;
}

std::filesystem::path state_path(const Paths& paths, std::string_view mesh) {
    return mesh_copy_directory(paths, mesh) / "state";
}

} // namespace

std::string FailedDocument::text() const {
    return reason.find(location) != std::string::npos ? reason : fmt::format("{}: {}", location, reason);
}

std::string_view outcome_name(MeshState::Outcome outcome) {
    return outcome_names.at(static_cast<std::size_t>(outcome));
}

std::string MeshState::json() const {
    auto removed_json = nlohmann::json::object();
    for (const auto& [host, moment] : removed)
        removed_json[host] = to_json(moment);
    auto failures_json = nlohmann::json::array();
    for (const auto& failure : failures) {
        failures_json.push_back(
            {{"location", failure.location}, {"reason", failure.reason}, {"has-copy", failure.has_copy}});
    }
    auto refusals_json = nlohmann::json::array();
    for (const auto& refusal : refusals)
        refusals_json.push_back({{"what", refusal.what}, {"reason", refusal.reason}});
    const nlohmann::ordered_json object{
        {"mesh", mesh},
        {"source", source},
        {"outcome", outcome_name(outcome)},
        {"error", error},
        {"since-usec", since_usec},
        {"changed-usec", changed_usec},
        {"documents", documents},
        {"plain-http", plain_http},
        {"failures", failures_json},
        {"refusals", refusals_json},
        {"held", nlohmann::json(held)},
        {"removed", removed_json},
        {"hosts", nlohmann::json(hosts)},
    };
    return object.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::filesystem::path mesh_copy_directory(const Paths& paths, std::string_view mesh) {
    return paths.mesh() / "copy" / mesh;
}

Result<std::optional<MeshState>> read_mesh_state(const Paths& paths, std::string_view mesh) {
    const auto path = state_path(paths, mesh);
    const auto content = read_file_if_exists(path, largest_state, Links::refuse);
    if (!content) return fail(content.error());
    if (!*content) return std::optional<MeshState>{};
    try {
        MeshState state = from_json(json::parse(**content));
        struct stat info {};
        if (::stat(path.c_str(), &info) == 0) {
            state.checked_usec = std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000;
        }
        return std::optional(std::move(state));
    } catch (const json::exception& error) {
        return fail(ErrorKind::storage,
                    fmt::format("{}: {}; the hosts of this mesh stay as they are until the file is removed",
                                path.string(), error.what()));
    }
}

Status write_mesh_state(const Paths& paths, const MeshState& state, bool checked) {
    const auto path = state_path(paths, state.mesh);
    const std::string content = state.json();
    const auto existing = read_file_if_exists(path, largest_state, Links::refuse);
    if (existing && *existing && **existing == content) {
        if (!checked || ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) return {};
        return fail_errno("touch " + path.string());
    }
    if (auto made = make_directories(path.parent_path()); !made) return made;
    if (auto written = write_file_durably(path, content); !written) return written;
    if (checked) return {};
    // A failure is no refresh: the time of the last good one is kept.
    const std::array<timespec, 2> times{
        timespec{0, UTIME_OMIT},
        timespec{state.checked_usec / 1'000'000, state.checked_usec % 1'000'000 * 1000}};
    if (::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0) return {};
    return fail_errno("set the time of " + path.string());
}

Result<std::vector<std::string>> list_mesh_states(const Paths& paths) {
    std::vector<std::string> meshes;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(paths.mesh() / "copy", error), end; !error && entry != end;
         entry.increment(error)) {
        if (std::string name = entry->path().filename().string(); is_valid_name(name))
            meshes.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(ErrorKind::storage,
                    fmt::format("list {}: {}", (paths.mesh() / "copy").string(), error.message()));
    }
    std::ranges::sort(meshes);
    return meshes;
}

} // namespace meshprobe
