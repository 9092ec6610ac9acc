// meshprobectl gaps: the ledger of gaps over all checkpoints.
#include "ctl/commands.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/output.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <system_error>

namespace meshprobe::command {

namespace {

using Json = nlohmann::ordered_json;

/// All that have a checkpoint, whether they are still collected or not: their gaps are of data that is
/// missing.
Result<std::set<std::string>> instances_with_checkpoint(const Paths& paths) {
    std::set<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(paths.checkpoints(), error), end; !error && entry != end;
         entry.increment(error)) {
        const auto& file = entry->path();
        if (file.extension() == ".snapshot" || file.extension() == ".log") names.insert(file.stem().string());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(ErrorKind::storage,
                    fmt::format("list {}: {}", paths.checkpoints().string(), error.message()));
    }
    return names;
}

bool is_wanted(const CommandLine& line, const std::string& host) {
    return line.arguments.empty() || std::ranges::any_of(line.arguments, [&](const std::string& pattern) {
               return names_host(pattern, host);
           });
}

Json to_json(const Instance& instance, const Gap& gap) {
    const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
    return {{"host", instance.host},
            {"task", instance.task},
            {"series", or_null(gap.series)},
            {"archive", or_null(gap.archive)},
            {"since", format_utc(gap.since)},
            {"until", format_utc(gap.until)},
            {"reason", gap.reason}};
}

} // namespace

ExitCode gaps(const CommandLine& line) {
    const auto names = instances_with_checkpoint(line.paths);
    if (!names) return complain(names.error());
    const auto known = every_host(line.paths);
    if (!known) return complain(known.error());
    if (const auto checked = check_host_arguments(line.arguments, *known); !checked)
        return complain_about_usage("gaps", checked.error().message);
    auto list = Json::array();
    Table table({"HOST", "TASK", "SINCE", "UNTIL", "ARCHIVE", "REASON", "SERIES"});
    std::size_t count = 0;
    ExitCode code = ExitCode::success;
    for (const std::string& name : *names) {
        const auto instance = parse_instance(name);
        if (!instance || !is_wanted(line, instance->host)) continue;
        const auto checkpoint = read_checkpoint(line.paths, *instance);
        if (!checkpoint) {
            code = complain(checkpoint.error());
            continue;
        }
        for (const Gap& gap : *checkpoint ? (*checkpoint)->gaps : GapLedger{}) {
            ++count;
            if (line.json) list.push_back(to_json(*instance, gap));
            table.add({instance->host, instance->task, local_time(gap.since * 1'000'000),
                       local_time(gap.until * 1'000'000), gap.archive.empty() ? "all" : gap.archive,
                       gap.reason, gap.series.empty() ? "all" : gap.series});
        }
    }
    if (line.json) {
        print_json(list);
        return code;
    }
    const bool legend = !line.has("no-legend");
    if (count > 0) table.print(legend);
    if (legend) fmt::print("{}{}.\n", count > 0 ? "\n" : "", counted(count, "gap"));
    return code;
}

} // namespace meshprobe::command
