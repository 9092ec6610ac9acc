#include "probe/quota.hpp"

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/file.hpp"
#include "lib/format/body_time.hpp"
#include "lib/spool/quota.hpp"
#include "lib/units_of_measure.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr Timestamp keep_unread =
    30 * 86400; // this commit adds a gap and no points: whatever is remembered stays

/// All probes of the machine see the same spool, one of them says so: the one that makes or removes the mark.
bool changes_mark(const Paths& paths, std::string_view state, const std::string& archive, bool set) {
    const auto mark = paths.slots() / fmt::format("spool-{}.{}", state, archive);
    if (!set) return ::unlink(mark.c_str()) == 0;
    const FileDescriptor made(::open(mark.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
    return made.is_open();
}

void log_state(const Paths& paths, const Archive& archive, const SpoolState& state, const Journal& journal) {
    const Fields fields{{"MESHPROBE_ARCHIVE", archive.name}, {"MESHPROBE_BYTES", state.bytes}};
    const auto how_much = fmt::format("{} of {}", format_size(state.bytes), format_size(state.quota));
    const bool full = state.fill == SpoolFill::full;
    const bool filling = state.fill != SpoolFill::ok;
    if (changes_mark(paths, "full", archive.name, full) && full) {
        journal.log(
            Priority::error, message::spool_full,
            fmt::format("archive {}: its spool is full ({}), {}; see \"{} status meshprobe-archive@{}\"",
                        archive.name, how_much,
                        archive.when_full == WhenFull::block ? "all tasks that feed it wait"
                                                             : "the oldest results are dropped",
                        systemctl(paths.scope()), archive.name),
            fields);
    }
    if (changes_mark(paths, "filling", archive.name, filling)) {
        journal.log(filling ? Priority::warning : Priority::notice, message::spool_filling,
                    fmt::format("archive {}: its spool {} 80 % of its quota ({})", archive.name,
                                filling ? "holds more than" : "is below", how_much),
                    fields);
    }
}

/// The oldest result in it. How old what a transform made is, nobody can tell: the ledger says too much
/// rather than too little.
Timestamp oldest_result(const Segment& segment, Timestamp committed) {
    constexpr Timestamp assumed_age = 86400;
    Timestamp oldest = committed;
    for (const auto& message : segment.messages()) {
        const auto time = oldest_time(segment.header().format, message.body);
        oldest = std::min(oldest, time.value_or(committed - assumed_age));
    }
    return oldest;
}

Status record_loss(const Paths& paths, const std::string& archive, const Segment* segment,
                   const DroppedSegment& dropped) {
    if (segment == nullptr) return {}; // damaged: whose it was, nobody knows
    const auto instance = parse_instance(dropped.instance);
    if (!instance) return {};
    auto checkpoint = Checkpoint::open(paths, *instance, keep_unread);
    if (!checkpoint) return fail(checkpoint.error());
    const Timestamp committed = dropped.committed_usec / 1'000'000;
    Commit commit;
    commit.gaps.push_back({.series = "",
                           .since = oldest_result(*segment, committed),
                           .until = committed,
                           .reason = "quota",
                           .archive = archive});
    return checkpoint->commit(commit);
}

} // namespace

Result<std::optional<std::string>> check_quotas(const Paths& paths, const std::vector<Archive>& archives,
                                                const Journal& journal) {
    std::optional<std::string> wait;
    for (const auto& archive : archives) {
        const Spool spool(paths, archive.name);
        auto state = spool_state(spool, archive.quota);
        if (!state) return fail(state.error());
        log_state(paths, archive, *state, journal);
        if (state->fill != SpoolFill::full) continue;
        if (archive.when_full == WhenFull::block) {
            if (!wait) {
                wait = fmt::format(
                    "the spool of archive {} is full ({} of {}): nothing is fetched until it drains",
                    archive.name, format_size(state->bytes), format_size(state->quota));
            }
            continue;
        }
        if (archive.when_full == WhenFull::refetch) {
            if (auto marked = write_file_atomically(refetch_mark(spool), "", 0660); !marked)
                return fail(marked.error());
        }
        auto dropped =
            make_room(spool, archive.quota, [&](const Segment* segment, const DroppedSegment& what) {
                return record_loss(paths, archive.name, segment, what);
            });
        if (!dropped) return fail(dropped.error());
        for (const auto& segment : *dropped) {
            journal.log(Priority::warning, message::gap_recorded,
                        fmt::format("{}: {} points were dropped unread by archive {}, whose spool is full",
                                    segment.host, segment.points, archive.name),
                        {{"MESHPROBE_ARCHIVE", archive.name},
                         {"MESHPROBE_HOST", segment.host},
                         {"MESHPROBE_POINTS", segment.points}});
        }
    }
    return wait;
}

} // namespace meshprobe
