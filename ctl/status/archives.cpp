#include "ctl/status/gather.hpp"
#include "lib/config/archivers.hpp"
#include "lib/spool/quota.hpp"
#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe::status {

namespace {

constexpr std::int64_t patience_usec = 15 * 60 * 1'000'000LL;

/// A long backlog that is being worked off is no reason to call anybody.
bool is_stuck(const ArchiveStatus& archive, std::int64_t now) {
    if (!archive.enabled || archive.orphan || archive.oldest_usec == 0) return false;
    if (archive.has_failed()) return true;
    if (now - archive.oldest_usec < patience_usec) return false;
    const auto delivered = archive.archiver_state ? archive.archiver_state->last_delivery_usec : 0;
    return now - delivered >= patience_usec;
}

void measure(const Paths& paths, std::optional<std::uint64_t> quota, ArchiveStatus& archive, Report& report) {
    const Spool spool(paths, archive.name);
    const auto note = [&](const Error& error) { report.unreadable.push_back(error.message); };
    if (const auto usage = spool.usage()) {
        archive.usage = *usage;
    } else {
        note(usage.error());
    }
    if (const auto segments = spool.list(); segments && !segments->empty()) {
        if (const auto name = parse_segment_name(segments->front())) archive.oldest_usec = name->usec;
    }
    std::error_code error;
    if (std::filesystem::exists(spool.directory(), error)) {
        if (const auto bytes = spool_quota(spool, quota)) archive.quota = *bytes;
        archive.fill = fill_of(archive.usage.bytes + archive.usage.failed_bytes, archive.quota);
    }
    if (auto state = read_archiver_state(paths, archive.name)) {
        archive.archiver_state = std::move(*state);
    } else {
        archive.is_unreadable = true;
        note(state.error());
    }
    archive.stuck = is_stuck(archive, report.now_usec);
}

void add_volume(const Paths& paths, const ArchiveStatus& archive, Report& report) {
    const auto volume = read_volume(paths.local_archive() / (archive.name + ".db"));
    if (!volume) {
        report.unreadable.push_back(volume.error().message);
        return;
    }
    for (auto& instance : report.instances) {
        const auto found = volume->find(instance.instance.host);
        if (found != volume->end()) instance.volume.insert_or_assign(archive.name, found->second);
    }
}

} // namespace

std::vector<ArchiveStatus> find_archives(const Paths& paths, const Config& config, Report& report) {
    std::vector<ArchiveStatus> archives;
    for (const auto& [name, configured] : config.archives) {
        ArchiveStatus archive;
        archive.name = name;
        archive.archiver = configured.archiver;
        archive.enabled = configured.enabled;
        archive.shadow = configured.shadow;
        archive.faulty = configured.faulty;
        const Archiver* archiver = find_archiver(configured.archiver);
        archive.best_effort = archiver != nullptr && !archiver->confirms && !configured.shadow;
        archive.when_full = configured.when_full;
        measure(paths, configured.quota, archive, report);
        if (configured.archiver == "sqlite" && !configured.shadow) add_volume(paths, archive, report);
        archives.push_back(std::move(archive));
    }
    const auto spools = list_spools(paths);
    if (!spools) report.unreadable.push_back(spools.error().message);
    for (const auto& name : spools ? *spools : std::vector<std::string>{}) {
        if (config.archives.contains(name)) continue;
        ArchiveStatus archive;
        archive.name = name;
        archive.orphan = true;
        measure(paths, {}, archive, report);
        // An empty one is nobody's business.
        if (archive.usage.segments + archive.usage.failed_segments > 0)
            archives.push_back(std::move(archive));
    }
    return archives;
}

} // namespace meshprobe::status
