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
#include <utility>
#include <vector>

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

/// When what is in it was measured. How old what a transform made is, nobody can tell: the ledger says too
/// much rather than too little.
GapLedger what_is_lost(const Segment& segment, const std::string& archive, Timestamp committed) {
    constexpr Timestamp assumed_age = 86400;
    constexpr Timestamp nearby = 3600; ///< what lies between is fetched with it
    std::vector<std::pair<Timestamp, Timestamp>> spans;
    for (const auto& message : segment.messages()) {
        const auto& format = segment.header().format;
        const auto oldest = oldest_time(format, message.body);
        const auto newest = newest_time(format, message.body);
        spans.emplace_back(oldest.value_or(committed - assumed_age),
                           std::max(oldest.value_or(0), newest.value_or(committed)) + 1);
    }
    std::ranges::sort(spans);
    GapLedger lost;
    for (const auto& [since, until] : spans) {
        if (!lost.empty() && since <= lost.back().until + nearby) {
            lost.back().until = std::max(lost.back().until, until);
        } else {
            lost.push_back(
                {.series = "", .since = since, .until = until, .reason = "quota", .archive = archive});
        }
    }
    return lost;
}

Status record_loss(const Paths& paths, const std::string& archive, const Segment* segment,
                   const DroppedSegment& dropped) {
    if (segment == nullptr) return {}; // damaged: whose it was, nobody knows
    const auto instance = parse_instance(dropped.instance);
    if (!instance) return {};
    auto checkpoint = Checkpoint::open(paths, *instance, keep_unread);
    if (!checkpoint) return fail(checkpoint.error());
    Commit commit;
    commit.gaps = what_is_lost(*segment, archive, dropped.committed_usec / 1'000'000);
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
