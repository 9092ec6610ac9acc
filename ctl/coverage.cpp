// meshprobectl coverage: what the meshes expect, what came, and what is missing.
#include "ctl/commands.hpp"
#include "ctl/coverage/compare.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/json.hpp"
#include "lib/mesh/state.hpp"
#include "lib/privilege.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>

namespace meshprobe::command {

namespace {

using namespace meshprobe::coverage;
using Json = nlohmann::ordered_json;

Json time_or_null(Timestamp seconds) {
    if (seconds == 0) return nullptr;
    return format_utc(seconds);
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json to_json(const Hole& hole) {
    return {{"mesh", hole.mesh},
            {"task", hole.test.task},
            {"test-type", hole.test.type},
            {"source", hole.source},
            {"destination", text_or_null(hole.destination)},
            {"ip-version", hole.test.ip_version == 0 ? Json(nullptr) : Json(hole.test.ip_version)},
            {"interval", hole.test.every},
            {"measurement-archives", hole.archives},
            {"since", time_or_null(hole.since)},
            {"cause", name_of(hole.cause)},
            {"detail", text_or_null(hole.detail)}};
}

Json to_json(const Coverage& coverage) {
    auto holes = Json::array();
    for (const Hole& hole : coverage.holes)
        holes.push_back(to_json(hole));
    return {{"expected", coverage.expected},         {"reporting", coverage.reporting},
            {"missing", coverage.holes.size()},      {"undecided", coverage.undecided},
            {"not-collected", coverage.uncollected}, {"holes", std::move(holes)}};
}

std::string test_text(const ExpectedTest& test) {
    return test.ip_version == 0 ? test.type : fmt::format("{} IPv{}", test.type, test.ip_version);
}

void print_table(const Coverage& coverage, bool legend) {
    Table table({"SOURCE", "DESTINATION", "TEST", "EVERY", "SINCE", "CAUSE"});
    for (const Hole& hole : coverage.holes) {
        const std::string cause(text_of(hole.cause));
        table.add({printable(hole.source), hole.destination.empty() ? "-" : printable(hole.destination),
                   printable(test_text(hole.test)), format_duration(std::chrono::seconds(hole.test.every)),
                   hole.since == 0 ? "never" : local_time(hole.since * 1'000'000),
                   hole.detail.empty() ? cause : fmt::format("{}: {}", cause, printable(hole.detail))});
    }
    if (!coverage.holes.empty()) table.print(legend);
    if (!legend) return;
    fmt::print("{}{} results expected: {} report, {} are missing", coverage.holes.empty() ? "" : "\n",
               coverage.expected, coverage.reporting, coverage.holes.size());
    if (coverage.undecided > 0) fmt::print(", of {} it is too early to tell", coverage.undecided);
    fmt::print(".\n");
    if (coverage.uncollected > 0)
        fmt::print("{} more are not collected: no enabled task asks for them.\n", coverage.uncollected);
}

/// For whoever fills it later: until now, of each series that stopped, in each archive.
Status record(const Paths& paths, const Config& config, const Coverage& coverage, Timestamp now) {
    constexpr std::int64_t keep_unread = 30 * 86400; // this commit brings no points
    std::map<std::string, std::pair<Instance, std::vector<Gap>>> by_instance;
    for (const Hole& hole : coverage.holes) {
        if (hole.since == 0 || hole.cause == Cause::gap || hole.cause == Cause::undelivered) continue;
        for (const auto& [instance, series] : hole.series) {
            auto& [owner, gaps] = by_instance[instance.name()];
            owner = instance;
            for (const auto& archive : config.task(instance.task, instance.host).archives)
                gaps.push_back({series, hole.since + 1, now, "silent", archive});
        }
    }
    for (const auto& [name, entry] : by_instance) {
        auto checkpoint = Checkpoint::open(paths, entry.first, keep_unread);
        if (!checkpoint) return fail(checkpoint.error());
        Commit commit;
        for (const Gap& gap : entry.second) {
            // Several instances collect one host: each keeps the ledger of its own series.
            if (gap.since < gap.until && checkpoint->series().index_of(gap.series))
                commit.gaps.push_back(gap);
        }
        if (auto committed = checkpoint->commit(commit); !committed) return committed;
    }
    return {};
}

} // namespace

ExitCode coverage(const CommandLine& line) {
    const auto loaded = load_config(line.paths);
    if (!loaded) return complain(loaded.error());
    auto meshes = list_mesh_states(line.paths);
    if (!meshes) return complain(meshes.error());
    if (const auto mesh = line.value("mesh")) {
        if (std::ranges::find(*meshes, *mesh) == meshes->end()) {
            return complain_about_usage(
                "coverage", fmt::format("there is no mesh \"{}\"; see 'meshprobectl mesh list'", *mesh));
        }
        *meshes = {*mesh};
    }
    const auto wanted = [&](const std::string& host) {
        return line.arguments.empty() || std::ranges::any_of(line.arguments, [&](const std::string& pattern) {
                   return pattern == host || ::fnmatch(pattern.c_str(), host.c_str(), FNM_NOESCAPE) == 0;
               });
    };
    Library library(line.paths, loaded->config);
    const Timestamp now = now_usec() / 1'000'000;
    Coverage all;
    bool was_refreshed = false;
    for (const std::string& mesh : *meshes) {
        const auto expected = read_expected(line.paths, mesh);
        if (!expected) return complain(expected.error());
        if (!*expected) continue;
        was_refreshed = true;
        all.add(compare(mesh, **expected, library, now, wanted));
    }
    if (!was_refreshed && loaded->config.meshes.empty()) {
        return complain(
            {ErrorKind::configuration,
             fmt::format("no mesh is configured, so nothing is known to be expected: name one under "
                         "meshes: in {}",
                         line.paths.configuration().string())});
    }
    if (!was_refreshed) {
        return complain(
            {ErrorKind::configuration,
             fmt::format("no mesh was refreshed yet, so nothing is known to be expected: run "
                         "\"{} start meshprobe-refresh\", or \"meshprobectl mesh list\" to see why",
                         systemctl(line.paths.scope()))});
    }
    if (all.expected + all.uncollected == 0 && !line.arguments.empty()) {
        return complain_about_usage(
            "coverage", fmt::format("no mesh expects results in the measurement archive of {}; see "
                                    "'meshprobectl hosts'",
                                    line.arguments.front()));
    }
    for (const std::string& problem : library.unreadable())
        complain({ErrorKind::storage, problem});
    if (line.has("record")) {
        // As the checkpoints' owner, so that no file of root's stays behind.
        if (line.paths.has_owners()) {
            if (auto became = become_owner_of(line.paths.checkpoints()); !became)
                return complain(became.error());
        }
        if (auto recorded = record(line.paths, loaded->config, all, now); !recorded)
            return complain(recorded.error());
    }
    if (line.json) {
        print_json(to_json(all));
    } else {
        print_table(all, !line.has("no-legend"));
    }
    if (!library.unreadable().empty()) return ExitCode::storage;
    return all.holes.empty() ? ExitCode::success : ExitCode::degraded;
}

} // namespace meshprobe::command
