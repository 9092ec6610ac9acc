#include "lib/spool/quota.hpp"

#include "lib/file.hpp"
#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>

namespace meshprobe {

namespace {

// A directory grows by 40 bytes and more for each of our names, so below this size there are at most some
// hundreds of files to count.
constexpr off_t small_directory = 64 << 10;
constexpr std::time_t count_is_good_for = 60; // s

bool is_small(const std::filesystem::path& directory) {
    struct stat info {};
    return ::stat(directory.c_str(), &info) < 0 || info.st_size <= small_directory;
}

std::filesystem::path remembered_count(const Spool& spool) {
    return spool.directory() / ".bytes";
}

std::filesystem::path make_room_lock(const Spool& spool) {
    return spool.directory() / ".make-room.lock";
}

/// What another probe counted in the last minute.
std::optional<std::uint64_t> recent_count(const Spool& spool) {
    const auto path = remembered_count(spool);
    struct stat info {};
    if (::lstat(path.c_str(), &info) < 0) return std::nullopt;
    const std::time_t age = std::time(nullptr) - info.st_mtime;
    if (age < 0 || age > count_is_good_for) return std::nullopt;
    const auto text = read_file(path, 32, Links::refuse);
    if (!text) return std::nullopt;
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), bytes);
    if (error != std::errc{} || end == text->data()) return std::nullopt;
    return bytes;
}

Result<std::uint64_t> count_bytes(const Spool& spool) {
    const bool small = is_small(spool.queue()) && is_small(spool.failed());
    if (!small) {
        if (const auto bytes = recent_count(spool)) return *bytes;
    }
    const auto usage = spool.usage();
    if (!usage) return fail(usage.error());
    const std::uint64_t bytes = usage->bytes + usage->failed_bytes;
    // Losing this note costs the next probe some milliseconds, nothing else.
    if (!small)
        static_cast<void>(write_file_atomically(remembered_count(spool), fmt::format("{}\n", bytes), 0640));
    return bytes;
}

DroppedSegment describe(const std::string& name, const Segment* segment, bool failed) {
    DroppedSegment dropped;
    dropped.name = name;
    dropped.failed = failed;
    if (const auto parsed = parse_segment_name(name)) dropped.committed_usec = parsed->usec;
    if (segment == nullptr) return dropped;
    dropped.instance = segment->header().instance;
    dropped.host = segment->header().host;
    dropped.task = segment->header().task;
    dropped.messages = segment->messages().size();
    dropped.points = segment->points();
    dropped.bytes = segment->size();
    return dropped;
}

class Dropping {
  public:
    Dropping(const Spool& spool, const BeforeDrop& before_drop, std::uint64_t excess)
        : spool_(&spool), before_drop_(&before_drop), excess_(excess) {}

    /// The oldest of `names` until enough is gone.
    Status drop(const std::vector<std::string>& names, bool failed) {
        for (const std::string& name : names) {
            if (excess_ == 0) return {};
            if (auto done = drop_one(name, failed); !done) return done;
        }
        return {};
    }
    std::vector<DroppedSegment> result() && { return std::move(dropped_); }

  private:
    Status drop_one(const std::string& name, bool failed) {
        struct stat info {};
        const auto path = (failed ? spool_->failed() : spool_->queue()) / name;
        if (::lstat(path.c_str(), &info) < 0) return {}; // delivered just now
        const auto read = failed ? spool_->read_failed(name) : spool_->read(name);
        if (read && !*read) return {};
        const Segment* const segment = read ? &**read : nullptr;
        DroppedSegment dropped = describe(name, segment, failed);
        dropped.bytes = static_cast<std::uint64_t>(info.st_size);
        if (auto noted = (*before_drop_)(segment, dropped); !noted) return noted;
        if (auto removed = failed ? spool_->remove_failed({name}) : spool_->remove({name}); !removed)
            return removed;
        excess_ -= std::min(excess_, dropped.bytes);
        dropped_.push_back(std::move(dropped));
        return {};
    }

    const Spool* spool_;
    const BeforeDrop* before_drop_;
    std::uint64_t excess_;
    std::vector<DroppedSegment> dropped_;
};

} // namespace

Result<std::uint64_t> spool_quota(const Spool& spool, std::optional<std::uint64_t> configured) {
    if (configured) return *configured;
    struct statvfs info {};
    // Before the first commit the directory may be missing: then its nearest parent tells.
    auto directory = spool.directory();
    while (::statvfs(directory.c_str(), &info) < 0) {
        if (errno != ENOENT || !directory.has_relative_path())
            return fail_errno("statvfs " + directory.string());
        directory = directory.parent_path();
    }
    const std::uint64_t size = static_cast<std::uint64_t>(info.f_frsize) * info.f_blocks;
    return std::min(default_spool_quota, size / 10);
}

SpoolFill fill_of(std::uint64_t bytes, std::uint64_t quota) {
    if (bytes >= quota) return SpoolFill::full;
    return bytes >= quota - quota / 5 ? SpoolFill::filling : SpoolFill::ok;
}

Result<SpoolState> spool_state(const Spool& spool, std::optional<std::uint64_t> configured) {
    const auto quota = spool_quota(spool, configured);
    if (!quota) return fail(quota.error());
    const auto bytes = count_bytes(spool);
    if (!bytes) return fail(bytes.error());
    return SpoolState{fill_of(*bytes, *quota), *bytes, *quota};
}

Result<std::vector<DroppedSegment>> make_room(const Spool& spool, std::optional<std::uint64_t> configured,
                                              const BeforeDrop& before_drop) {
    const auto quota = spool_quota(spool, configured);
    if (!quota) return fail(quota.error());
    // Two at once would both drop what only one needs to.
    const auto lock = FileLock::try_acquire(make_room_lock(spool));
    if (!lock) return fail(lock.error());
    if (!*lock) return std::vector<DroppedSegment>{};

    const auto usage = spool.usage(); // exactly, not as remembered
    if (!usage) return fail(usage.error());
    const std::uint64_t bytes = usage->bytes + usage->failed_bytes;
    if (bytes < *quota) return std::vector<DroppedSegment>{};
    Dropping dropping(spool, before_drop, bytes - (*quota - *quota / 20));

    const auto failed = spool.list_failed();
    if (!failed) return fail(failed.error());
    if (auto done = dropping.drop(*failed, true); !done) return fail(done.error());
    const auto queued = spool.list();
    if (!queued) return fail(queued.error());
    if (auto done = dropping.drop(*queued, false); !done) return fail(done.error());
    std::error_code ignored;
    std::filesystem::remove(remembered_count(spool), ignored);
    return std::move(dropping).result();
}

std::filesystem::path refetch_mark(const Spool& spool) {
    return spool.directory() / ".refetch";
}

void forget_notes(const Spool& spool) {
    std::error_code ignored;
    for (const auto& note : {remembered_count(spool), make_room_lock(spool), refetch_mark(spool)})
        std::filesystem::remove(note, ignored);
}

} // namespace meshprobe
