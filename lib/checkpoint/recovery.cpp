#include "lib/checkpoint/recovery.hpp"

#include "lib/spool/crc32c.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace meshprobe {

namespace {

using SegmentsByName = std::map<std::pair<std::string_view, std::string_view>, const LoggedSegment*>;

/// `.NAME` of this instance, as NAME.
std::optional<SegmentName> uncommitted(std::string_view file, std::uint64_t instance_hash) {
    if (!file.starts_with('.')) return std::nullopt;
    const auto name = parse_segment_name(file.substr(1));
    if (!name || name->instance_hash != instance_hash) return std::nullopt;
    return name;
}

class SpoolRecovery {
  public:
    SpoolRecovery(FileSystem& file_system, Spool spool)
        : file_system_(&file_system), spool_(std::move(spool)) {}

    Status publish(const std::string& name, const LoggedSegment& logged, Recovery& recovery) {
        const auto dot_file = spool_.queue() / ("." + name);
        const auto content = file_system_->read(dot_file, max_segment_size);
        if (!content) return fail(content.error());
        const bool sound =
            *content && (*content)->size() == logged.size && crc32c(**content) == logged.checksum;
        if (auto renamed = file_system_->rename(dot_file, spool_.queue() / name); !renamed) return renamed;
        ++recovery.published;
        if (sound) return {};
        ++recovery.damaged;
        return spool_.set_aside(name, "damaged on disk between commit and publication");
    }

    Status remove(const std::string& name, Recovery& recovery) {
        ++recovery.deleted;
        return file_system_->remove(spool_.queue() / ("." + name));
    }

  private:
    FileSystem* file_system_;
    Spool spool_;
};

} // namespace

Result<Recovery> recover_spools(FileSystem& file_system, const Paths& paths, std::uint64_t instance_hash,
                                const std::vector<LoggedSegment>& logged,
                                const std::function<Status()>& sync_log, std::int64_t& last_usec) {
    const auto archives = list_spools(paths, file_system); // those that are configured no more, too
    if (!archives) return fail(archives.error());
    SegmentsByName segments;
    for (const LoggedSegment& segment : logged) {
        segments[{segment.archive, segment.name}] = &segment;
    }
    Recovery recovery;
    for (const std::string& archive : *archives) {
        const Spool spool(paths, archive, file_system);
        SpoolRecovery work(file_system, spool);
        auto files = file_system.list(spool.queue());
        if (!files) return fail(files.error());
        std::ranges::sort(*files); // published in delivery order
        for (const std::string& file : *files) {
            const auto parsed = uncommitted(file, instance_hash);
            if (!parsed) continue;
            last_usec = std::max(last_usec, parsed->usec);
            const std::string name = file.substr(1);
            const auto found = segments.find({archive, name});
            const bool committed = found != segments.end();
            if (committed && recovery.published == 0) {
                if (auto synced = sync_log(); !synced) return fail(synced.error());
            }
            const Status done =
                committed ? work.publish(name, *found->second, recovery) : work.remove(name, recovery);
            if (!done) return fail(done.error());
        }
    }
    return recovery;
}

bool spools_are_small(FileSystem& file_system, const Paths& paths) {
    constexpr off_t small = 64 << 10; // some hundred names
    const auto archives = list_spools(paths, file_system);
    return archives && std::ranges::all_of(*archives, [&](const std::string& archive) {
               struct stat info {};
               return ::stat(Spool(paths, archive).queue().c_str(), &info) < 0 || info.st_size <= small;
           });
}

CleanMark::CleanMark(std::filesystem::path lock_file) : file_(std::move(lock_file)) {
    const auto boot = read_file("/proc/sys/kernel/random/boot_id", 64);
    if (boot) boot_ = *boot;
}

bool CleanMark::is_set() const {
    const auto content = read_file(file_, 64, Links::refuse);
    return content && !boot_.empty() && *content == boot_;
}

void CleanMark::set() {
    // If it cannot be set, the next run looks at the spools, that is all.
    const FileDescriptor file(::open(file_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW));
    if (file.is_open() && !boot_.empty()) static_cast<void>(write_all(file.get(), boot_));
}

Status CleanMark::clear() {
    if (::truncate(file_.c_str(), 0) < 0) return fail_errno("truncate " + file_.string());
    return {};
}

} // namespace meshprobe
