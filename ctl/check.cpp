// meshprobectl check: everything that is wrong with the configuration, one line each.
#include "ctl/check_programs.hpp"
#include "ctl/commands.hpp"
#include "ctl/connect/report.hpp"
#include "ctl/context_plugin.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/config/selection.hpp"
#include "lib/config/suggest.hpp"
#include "lib/config/tree.hpp"
#include "lib/credential.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

namespace meshprobe {

namespace {

constexpr unsigned tries_at_once = 16;
constexpr Microseconds plugin_patience = std::chrono::seconds(10);
constexpr Microseconds longest_tries = std::chrono::minutes(5);

std::string_view name_of(Problem::Scope scope) {
    switch (scope) {
    case Problem::Scope::entry:
        return "entry";
    case Problem::Scope::whole:
        return "whole";
    case Problem::Scope::warning:
        return "warning";
    }
    return {};
}

/// What only this machine can tell: files that the configuration names. Never errors: a configuration may
/// well be checked where its secrets are not.
class Surroundings {
  public:
    Surroundings(const Paths& paths, LoadedConfig& loaded) : paths_(paths), loaded_(loaded) {
        if (auto file = read_host_facts(paths); file && *file) facts_ = std::move((*file)->hosts);
    }

    void check() {
        for (const auto& [name, mesh] : loaded_.config.meshes) {
            at("meshes", name);
            if (!mesh.file.empty()) look_for(mesh.file, "file");
            check_connection("mesh", mesh.connection);
        }
        for (const auto& [name, archive] : loaded_.config.archives) {
            at("archives", name);
            check_credential("archive", archive.credential, "credential");
            check_connection("archive", archive.connection);
            check_place(archive);
        }
        for (const auto& [name, task] : loaded_.config.tasks) {
            at("tasks", name);
            check_connection("probe", task.connection);
            check_context(task.context);
            check_select(task.select);
            if (!task.http.file.empty()) look_for(task.http.file, "http.file");
        }
        for (const auto& section : loaded_.config.host_sections)
            check_host(section);
    }

  private:
    void at(std::string_view section, std::string_view name) {
        path_ = fmt::format("{}.{}", section, name);
        mark_ = {};
        const Node* node = loaded_.tree ? loaded_.tree->find(section) : nullptr;
        if (node == nullptr) return;
        if (const auto found = node->entries.find(name); found != node->entries.end())
            mark_ = found->second.mark;
    }

    void warn(std::string_view key, std::string message) {
        Problem problem;
        problem.scope = Problem::Scope::warning;
        problem.file = mark_.file_name();
        problem.line = mark_.line;
        problem.column = mark_.column;
        problem.path = key.empty() ? path_ : fmt::format("{}.{}", path_, key);
        problem.message = std::move(message);
        loaded_.problems.push_back(std::move(problem));
    }

    void check_place(const Archive& archive) {
        if (archive.faulty) return;
        if (archive.archiver == "file") look_for(std::filesystem::path(archive.path).parent_path(), "path");
        if (archive.archiver == "syslog") look_for(archive.path, "path");
    }

    void look_for(const std::filesystem::path& path, std::string_view key) {
        std::error_code error;
        if (std::filesystem::exists(path, error) || error)
            return; // who may not look cannot say that it is absent
        warn(key, fmt::format("there is no {}", path.string()));
    }

    void check_credential(std::string_view user, const std::string& value, std::string_view key) {
        if (!value.empty()) look_for(credential_path(paths_, user, value), key);
    }

    void check_connection(std::string_view user, const Connection& connection) {
        check_credential(user, connection.ca, "tls.ca");
        check_credential(user, connection.certificate, "tls.certificate");
        check_credential(user, connection.key, "tls.key");
        check_credential(user, connection.proxy_credential, "proxy-credential");
        check_credential(user, connection.proxy_ca, "proxy-ca");
    }

    void check_context(const Context& context) {
        if (context.type == ContextType::linuxnns)
            look_for(std::filesystem::path("/run/netns") / context.name_space, "context.namespace");
        if (context.type == ContextType::linuxvrf)
            look_for(std::filesystem::path("/sys/class/net") / context.interface, "context.interface");
        if (context.type != ContextType::plugin) return;
        look_for(context.program, "context.program");
        if (const auto valid = ask_whether_valid(context.program, context.data, plugin_patience); !valid)
            warn("context.data", valid.error().message);
    }

    /// Names that no mesh has, as far as is known.
    void check_select(const Select& select) {
        if (!needs_facts(select)) return;
        if (!facts_) {
            warn("select",
                 fmt::format("nothing is known of what the meshes say of their hosts, so none is selected; "
                             "run \"{} start meshprobe-refresh\"",
                             systemctl(paths_.scope())));
            return;
        }
        check_names(select.groups, &HostFacts::groups, "groups");
        check_names(select.tags, &HostFacts::tags, "tags");
        check_names(select.tasks, &HostFacts::tasks, "tasks");
        check_names(select.tests, &HostFacts::tests, "tests");
    }

    void check_names(const std::vector<std::string>& wanted,
                     std::set<std::string, std::less<>> HostFacts::*kind, std::string_view key) {
        if (wanted.empty()) return;
        std::set<std::string_view> known;
        for (const auto& [host, facts] : *facts_)
            known.insert((facts.*kind).begin(), (facts.*kind).end());
        const std::vector<std::string_view> words(known.begin(), known.end());
        for (const auto& name : wanted) {
            const bool is_known =
                kind == &HostFacts::tags
                    ? std::ranges::any_of(words,
                                          [&](std::string_view word) { return is_same_tag(name, word); })
                    : known.contains(name);
            if (!is_known) {
                warn(fmt::format("select.{}", key),
                     fmt::format("no host of any mesh has {}{}", quote(name), suggestion(name, words)));
            }
        }
    }

    void check_host(const Config::HostSection& section) {
        at("hosts", section.key);
        if (section.faulty) return;
        for (const auto& [task, settings] : loaded_.config.tasks) {
            if (!section.is_glob) {
                const auto checked = check_instance({task, section.pattern});
                if (!checked) warn({}, checked.error().message);
            }
            // A glob matches itself, which is as good as any host.
            const auto own = loaded_.config.task(task, section.pattern);
            if (own.connection != settings.connection) check_connection("probe", own.connection);
            if (own.context != settings.context) check_context(own.context);
        }
    }

    const Paths& paths_;
    LoadedConfig& loaded_;
    std::optional<FactsOfHosts> facts_;
    std::string path_;
    Mark mark_;
};

/// The problems of the files as they are, each with what follows from it here, kept configuration considered.
LoadedConfig judge(const Paths& paths) {
    auto loaded = load_config(paths, Detail::places);
    auto read = read_config(paths);
    if (loaded) read.problems = std::move(loaded->problems);
    for (auto& problem : read.problems) {
        if (problem.scope != Problem::Scope::whole) continue;
        problem.effect = loaded ? "the last good configuration stays in force" : "nothing can run";
    }
    Surroundings(paths, read).check();
    check_programs(paths, read);
    const auto order = [](const Problem& a, const Problem& b) {
        return std::tie(a.file, a.line, a.column, a.path, a.message) <
               std::tie(b.file, b.line, b.column, b.path, b.message);
    };
    const auto same = [](const Problem& a, const Problem& b) { return a == b; };
    std::ranges::sort(read.problems, order);
    read.problems.erase(std::unique(read.problems.begin(), read.problems.end(), same), read.problems.end());
    return read;
}

nlohmann::ordered_json as_json(const std::vector<Problem>& problems, std::size_t errors) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& problem : problems) {
        list.push_back({{"scope", name_of(problem.scope)},
                        {"file", problem.file},
                        {"line", problem.line},
                        {"column", problem.column},
                        {"path", problem.path},
                        {"message", problem.message},
                        {"effect", problem.effect}});
    }
    return {{"errors", errors}, {"warnings", problems.size() - errors}, {"problems", list}};
}

} // namespace

ExitCode command::check(const CommandLine& line) {
    if (!line.arguments.empty()) return complain_about_usage("check", "check takes no arguments");
    const auto loaded = judge(line.paths);
    const auto is_error = [](const Problem& problem) { return problem.scope != Problem::Scope::warning; };
    const auto errors = static_cast<std::size_t>(std::ranges::count_if(loaded.problems, is_error));
    std::vector<Attempt> attempts;
    if (line.has("connect")) {
        const auto targets = find_targets(line.paths, loaded.config);
        if (!targets) return complain(targets.error());
        attempts = try_all(line.paths, *targets, tries_at_once, longest_tries, {});
    }
    const auto result = errors > 0 || count_failed(attempts) > 0 ? ExitCode::failure : ExitCode::success;
    if (line.json) {
        auto object = as_json(loaded.problems, errors);
        if (line.has("connect"))
            object["connections"] = nlohmann::ordered_json::parse(attempts_json(attempts));
        print_json(object);
        return result;
    }
    for (const auto& problem : loaded.problems) {
        fmt::print("{}{}{}\n", is_error(problem) ? "" : "warning: ", printable(problem.text()),
                   problem.effect.empty() ? "" : printable(fmt::format(" [{}]", problem.effect)));
    }
    if (loaded.problems.empty()) fmt::print("No problems found.\n");
    if (line.has("connect")) {
        if (!line.has("no-legend")) fmt::print("\n");
        print_attempts(attempts, !line.has("no-legend"));
    }
    return result;
}

} // namespace meshprobe
