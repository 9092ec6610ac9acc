// meshprobectl spool list|show: what waits to be delivered, and what was refused for good.
#include "ctl/spool.hpp"

#include "ctl/commands.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/json.hpp"
#include "lib/spool/quota.hpp"
#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

namespace meshprobe::spool_command {

Result<Spool> existing_spool(const Paths& paths, const std::string& archive) {
    const auto spools = list_spools(paths);
    if (!spools) return fail(spools.error());
    if (std::ranges::find(*spools, archive) != spools->end()) return Spool(paths, archive);
    const std::vector<std::string_view> known(spools->begin(), spools->end());
    const auto guess = nearest(archive, known);
    return fail(ErrorKind::usage, fmt::format("there is no spool of an archive \"{}\"{}", archive,
                                              guess ? fmt::format(" (did you mean \"{}\"?)", *guess) : ""));
}

Result<std::vector<StoredSegment>> stored_segments(const Spool& spool) {
    const auto queued = spool.list();
    if (!queued) return fail(queued.error());
    const auto failed = spool.list_failed();
    if (!failed) return fail(failed.error());
    std::vector<StoredSegment> segments;
    segments.reserve(queued->size() + failed->size());
    for (const std::string& name : *queued)
        segments.push_back({name, false});
    for (const std::string& name : *failed)
        segments.push_back({name, true});
    return segments;
}

std::optional<bool> is_configured(const Paths& paths, const std::string& archive) {
    const auto loaded = load_config(paths);
    if (!loaded) return std::nullopt;
    return loaded->config.archives.contains(archive);
}

} // namespace meshprobe::spool_command

namespace meshprobe::command {

namespace {

using nlohmann::ordered_json;
using namespace spool_command;

struct SpoolRow {
    std::string archive;
    SpoolUsage usage;
    std::int64_t oldest_usec = 0;
    std::uint64_t quota = 0;
    std::string state; ///< "ok", "filling", "full", "disabled", "faulty", "orphan", "unknown"
};

std::string state_of(const SpoolRow& row, const Archive* archive, bool has_configuration) {
    if (!has_configuration) return "unknown";
    if (archive == nullptr) return "orphan";
    if (archive->faulty) return "faulty";
    if (!archive->enabled) return "disabled";
    switch (fill_of(row.usage.bytes + row.usage.failed_bytes, row.quota)) {
    case SpoolFill::ok:
        return "ok";
    case SpoolFill::filling:
        return "filling";
    case SpoolFill::full:
        break;
    }
    return "full";
}

Result<SpoolRow> describe_spool(const Paths& paths, const std::string& name, const Archive* archive,
                                bool has_configuration) {
    const Spool spool(paths, name);
    SpoolRow row;
    row.archive = name;
    const auto usage = spool.usage();
    if (!usage) return fail(usage.error());
    row.usage = *usage;
    const auto segments = spool.list();
    if (!segments) return fail(segments.error());
    if (!segments->empty()) row.oldest_usec = parse_segment_name(segments->front())->usec;
    const auto quota = spool_quota(spool, archive != nullptr ? archive->quota : std::nullopt);
    if (!quota) return fail(quota.error());
    row.quota = *quota;
    row.state = state_of(row, archive, has_configuration);
    return row;
}

ordered_json to_json(const SpoolRow& row) {
    return {{"archive", row.archive},
            {"state", row.state},
            {"queued",
             {{"segments", row.usage.segments},
              {"bytes", row.usage.bytes},
              {"oldest-usec", row.oldest_usec == 0 ? ordered_json() : ordered_json(row.oldest_usec)}}},
            {"failed", {{"segments", row.usage.failed_segments}, {"bytes", row.usage.failed_bytes}}},
            {"quota", row.quota}};
}

ExitCode list_archives(const CommandLine& line) {
    const auto loaded = load_config(line.paths);
    // What waits in the spool is shown whatever the configuration looks like.
    if (!loaded) static_cast<void>(complain(loaded.error()));
    const auto spools = list_spools(line.paths);
    if (!spools) return complain(spools.error());
    std::set<std::string> names(spools->begin(), spools->end());
    if (loaded) {
        for (const auto& [name, archive] : loaded->config.archives)
            names.insert(name);
    }

    std::vector<SpoolRow> rows;
    for (const std::string& name : names) {
        const Archive* archive = nullptr;
        if (loaded && loaded->config.archives.contains(name))
            archive = &loaded->config.archives.find(name)->second;
        auto row = describe_spool(line.paths, name, archive, loaded.has_value());
        if (!row) return complain(row.error());
        // The empty directory of an archive that was removed concerns nobody.
        if (row->state == "orphan" && row->usage.segments + row->usage.failed_segments == 0) continue;
        rows.push_back(std::move(*row));
    }
    if (line.json) {
        auto list = ordered_json::array();
        for (const SpoolRow& row : rows)
            list.push_back(to_json(row));
        print_json(list);
        return ExitCode::success;
    }
    Table table({"ARCHIVE", "STATE", "QUEUED", "SIZE", "OLDEST", "FAILED", "SIZE", "QUOTA"});
    bool orphans = false;
    for (const SpoolRow& row : rows) {
        orphans = orphans || row.state == "orphan";
        table.add({row.archive, row.state, std::to_string(row.usage.segments), format_size(row.usage.bytes),
                   relative_time(row.oldest_usec, now_usec()), std::to_string(row.usage.failed_segments),
                   format_size(row.usage.failed_bytes), format_size(row.quota)});
    }
    table.print(!line.has("no-legend"));
    if (orphans && !line.has("no-legend")) {
        fmt::print("\nAn orphan is the spool of an archive that is configured no more. Configure it again to "
                   "have it "
                   "delivered, or use\n'meshprobectl spool export ARCHIVE FILE' and 'meshprobectl spool drop "
                   "ARCHIVE "
                   "--all --yes'.\n");
    }
    return ExitCode::success;
}

/// Names of segments tell their instance by a hash only; those that ever ran have a file.
std::map<std::uint64_t, std::string> instances_by_hash(const Paths& paths) {
    std::map<std::uint64_t, std::string> instances;
    const auto files = FileSystem::real().list(paths.checkpoints());
    if (!files) return instances;
    constexpr std::string_view suffix = ".lock";
    for (const std::string& file : *files) {
        if (!file.ends_with(suffix)) continue;
        const std::string name = file.substr(0, file.size() - suffix.size());
        instances[hash_instance_name(name)] = name;
    }
    return instances;
}

ExitCode list_segments(const CommandLine& line, const std::string& archive) {
    const auto spool = existing_spool(line.paths, archive);
    if (!spool) return complain(spool.error());
    const auto segments = stored_segments(*spool);
    if (!segments) return complain(segments.error());
    const auto instances = instances_by_hash(line.paths);

    auto list = ordered_json::array();
    Table table({"SEGMENT", "WHERE", "COMMITTED", "SIZE", "INSTANCE", "REASON"});
    for (const StoredSegment& segment : *segments) {
        std::error_code error;
        const std::uintmax_t size = std::filesystem::file_size(segment.path(*spool), error);
        if (error) continue; // delivered just now
        const SegmentName name = *parse_segment_name(segment.name);
        const auto found = instances.find(name.instance_hash);
        const std::string instance = found == instances.end() ? "" : found->second;
        const std::string reason = segment.failed ? spool->failed_reason(segment.name) : "";
        if (line.json) {
            list.push_back({{"segment", segment.name},
                            {"failed", segment.failed},
                            {"committed-usec", name.usec},
                            {"bytes", size},
                            {"instance", instance.empty() ? ordered_json() : ordered_json(instance)},
                            {"reason", reason.empty() ? ordered_json() : ordered_json(reason)}});
            continue;
        }
        table.add({segment.name, segment.failed ? "failed" : "queued", local_time(name.usec),
                   format_size(size), instance.empty() ? "-" : instance, reason.empty() ? "-" : reason});
    }
    if (line.json) {
        print_json(list);
    } else {
        table.print(!line.has("no-legend"));
    }
    return ExitCode::success;
}

ordered_json to_json(const Segment& segment) {
    auto messages = ordered_json::array();
    for (const Message& message : segment.messages()) {
        messages.push_back({{"id", message.id},
                            {"event-type", message.event_type},
                            {"points", message.points},
                            {"size", message.body.size()},
                            {"body", message.body}});
    }
    const SegmentHeader& header = segment.header();
    return {{"instance", header.instance}, {"host", header.host},     {"task", header.task},
            {"run", header.run},           {"format", header.format}, {"points", segment.points()},
            {"messages", messages}};
}

void print_segment(const CommandLine& line, const Spool& spool, const StoredSegment& stored,
                   const Segment& segment) {
    const std::int64_t committed = parse_segment_name(stored.name)->usec;
    const std::string reason = stored.failed ? spool.failed_reason(stored.name) : "";
    if (line.json) {
        ordered_json json = {{"segment", stored.name},
                             {"archive", spool.archive()},
                             {"failed", stored.failed},
                             {"reason", reason.empty() ? ordered_json() : ordered_json(reason)},
                             {"committed-usec", committed}};
        json.update(to_json(segment));
        print_json(json);
        return;
    }
    const SegmentHeader& header = segment.header();
    fmt::print("Segment:   {}\n", stored.name);
    fmt::print("Archive:   {} ({})\n", spool.archive(), stored.failed ? "failed" : "queued");
    if (!reason.empty()) fmt::print("Reason:    {}\n", printable(reason));
    fmt::print("Instance:  {}\n", printable(header.instance));
    fmt::print("Host:      {}\n", printable(header.host));
    fmt::print("Run:       {}\n", printable(header.run));
    fmt::print("Committed: {}\n", local_time(committed));
    fmt::print("Format:    {}\n", printable(header.format));
    fmt::print("Size:      {}, {} messages with {} points\n\n", format_size(segment.size()),
               segment.messages().size(), segment.points());
    Table table({"ID", "EVENT TYPE", "POINTS", "SIZE"});
    for (const Message& message : segment.messages()) {
        table.add({std::string(message.id), std::string(message.event_type), std::to_string(message.points),
                   format_size(message.body.size())});
    }
    table.print(!line.has("no-legend"));
}

/// NAME or ARCHIVE/NAME.
ExitCode show(const CommandLine& line) {
    if (line.arguments.size() != 2)
        return complain_about_usage("spool", "show what? Give it the name of one segment");
    const std::string& argument = line.arguments[1];
    const auto slash = argument.find('/');
    const std::string name = slash == std::string::npos ? argument : argument.substr(slash + 1);
    const auto archives = list_spools(line.paths);
    if (!archives) return complain(archives.error());
    bool shown = false;
    for (const std::string& archive : *archives) {
        if (slash != std::string::npos && archive != argument.substr(0, slash)) continue;
        if (!parse_segment_name(name)) break;
        const Spool spool(line.paths, archive);
        for (const bool failed : {false, true}) {
            const StoredSegment stored{name, failed};
            const auto segment = stored.read(spool);
            if (!segment) return complain(segment.error());
            if (!*segment) continue;
            if (shown && !line.json) fmt::print("\n");
            print_segment(line, spool, stored, **segment);
            shown = true;
        }
    }
    if (shown) return ExitCode::success;
    return complain(
        {ErrorKind::usage, fmt::format("no spool holds a segment \"{}\"; it may be delivered by now "
                                       "('meshprobectl spool list ARCHIVE' lists those that wait)",
                                       argument)});
}

} // namespace

ExitCode spool(const CommandLine& line) {
    const std::string verb = line.arguments.empty() ? "list" : line.arguments.front();
    if (verb == "list" && line.arguments.size() <= 1) return list_archives(line);
    if (verb == "list" && line.arguments.size() == 2) return list_segments(line, line.arguments[1]);
    if (verb == "show") return show(line);
    if (verb == "retry") return retry(line);
    if (verb == "export") return export_messages(line);
    if (verb == "drop") return drop(line);
    if (verb == "list") return complain_about_usage("spool", "list takes one archive at most");
    return complain_about_usage(
        "spool", fmt::format("there is no \"{}\"; it is list, show, retry, export or drop", verb));
}

} // namespace meshprobe::command
